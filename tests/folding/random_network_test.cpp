// A thousand random networks: folded and unfolded agree, in double and in float.
#include "tests/folding/random_network.h"

#include <gtest/gtest.h>

#include <set>

#include "loaders/onnx_reader.h"
#include "runtime/folding/records.h"
#include "runtime/optimizer.h"
#include "tests/oracle/oracle.h"
#include "tests/support/compare.h"

namespace keel::test {
namespace {

constexpr std::uint64_t kNetworks = 1000;

// What the test has seen, so that it cannot pass on nothing.
struct Seen {
  int folded = 0, partial = 0, kept = 0;
  std::set<std::string> patterns;
  std::set<int> opsets;
};

void check(std::uint64_t seed, Seen& seen) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  const RandomNetwork network = random_network(seed);
  seen.opsets.insert(network.opset);
  const std::string bytes = network.model.onnx();
  const Graph original = read_graph(bytes.data(), bytes.size());
  Graph folded = original;
  std::vector<Decision> decisions;
  optimize(folded, {}, {Phase::Fold}, decisions);
  int normalisations = 0;
  for (NodeId id : original.order)
    normalisations += original.nodes[id].op_type == "BatchNormalization";
  for (const folding::FoldRecord& record : folding::fold_records(original, decisions)) {
    normalisations -= record.op == "BatchNormalization";
    seen.patterns.insert(record.pattern);
    (record.status == "folded" ? seen.folded
     : record.status == "kept" ? seen.kept
                               : seen.partial) += 1;
  }
  EXPECT_EQ(normalisations, 0) << "every one has a record";
  for (const auto mode : {oracle::Mode::Exact, oracle::Mode::Rounded}) {
    const double tolerance = mode == oracle::Mode::Exact ? 1e-6 : 1e-5;
    const auto expected = oracle::run(original, network.inputs, mode);
    const auto got = oracle::run(folded, network.inputs, mode);
    ASSERT_EQ(got.size(), expected.size());
    for (const auto& [name, tensor] : expected)
      EXPECT_EQ(nme_difference(got.at(name), tensor, tolerance), "") << name;
  }
}

TEST(RandomNetworks, FoldedAndUnfoldedAgree) {
  Seen seen;
  for (std::uint64_t seed = 1; seed <= kNetworks; ++seed) check(seed, seen);
  EXPECT_GT(seen.folded, 1000);
  EXPECT_GT(seen.partial, 10);
  EXPECT_GT(seen.kept, 300);
  EXPECT_GT(seen.patterns.size(), 60u);
  EXPECT_EQ(seen.opsets.size(), 25u);
}

}  // namespace
}  // namespace keel::test
