// Every fixture: the records are those expected, folded and unfolded agree in double, a second fold
// finds nothing, and what is written reads back as what was folded.
#include "tests/folding/fixtures.h"

#include <gtest/gtest.h>

#include <set>

#include "loaders/onnx_reader.h"
#include "loaders/onnx_writer.h"
#include "runtime/all_nodes.h"
#include "runtime/folding/records.h"
#include "runtime/optimizer.h"
#include "tests/loaders/temp_folder.h"
#include "tests/oracle/oracle.h"
#include "tests/support/compare.h"

namespace keel::test {
namespace {

int batchnorms(const Graph& graph) {
  int count = 0;
  for_each_node(graph, [&](const Node& node) { count += node.op_type == "BatchNormalization"; });
  return count;
}

std::vector<folding::FoldRecord> fold(Graph& graph) {
  const Graph original = graph;
  std::vector<Decision> decisions;
  optimize(graph, {}, {Phase::Fold}, decisions);
  return folding::fold_records(original, decisions);
}

std::string text(const std::string& name, const std::string& status, const std::string& code) {
  return name + " " + status + (code.empty() ? "" : " " + code) + "\n";
}

class FoldFixtures : public testing::TestWithParam<std::size_t> {
 protected:
  const FoldFixture& fixture() const { return fold_fixtures()[GetParam()]; }
};

TEST_P(FoldFixtures, BecomeWhatIsExpected) {
  const std::string bytes = fixture().model.onnx();
  LoadedModel loaded = read_model(bytes.data(), bytes.size(), {}, Purpose::Write);
  const Graph original = loaded.graph;
  Graph graph = loaded.graph;
  std::string expected, got;
  for (const ExpectedRecord& record : fixture().records)
    expected += text(record.name, record.status, record.code);
  for (const folding::FoldRecord& record : fold(graph)) {
    got += text(record.name, record.status, record.code);
    EXPECT_FALSE(record.message.empty());
    EXPECT_FALSE(record.pattern.empty());
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(batchnorms(graph), fixture().batchnorm_after);

  const TempFolder folder;
  write_model(loaded, graph, folder.file("m.onnx"));
  Graph written = read_model(folder.file("m.onnx")).graph;
  EXPECT_EQ(batchnorms(written), fixture().batchnorm_after);
  EXPECT_EQ(written.order.size(), graph.order.size());
  if (fixture().runnable && !fixture().foreign) {
    const auto reference = oracle::run(original, fixture().inputs);
    for (const Graph* folded : {&graph, &written}) {
      const auto result = oracle::run(*folded, fixture().inputs);
      ASSERT_EQ(result.size(), reference.size());
      for (const auto& [name, tensor] : reference)
        EXPECT_EQ(nme_difference(result.at(name), tensor, fixture().tolerance), "") << name;
    }
  }
  std::set<std::string> names;
  for_each_node(written, [&](const Node& node) { EXPECT_TRUE(names.insert(node.name).second); });
  // A second time nothing changes.
  const std::size_t nodes = written.order.size();
  for (const folding::FoldRecord& record : fold(written)) EXPECT_EQ(record.status, "kept");
  EXPECT_EQ(written.order.size(), nodes);
}

INSTANTIATE_TEST_SUITE_P(All, FoldFixtures, testing::Range<std::size_t>(0, fold_fixtures().size()),
                         [](const auto& info) { return fold_fixtures()[info.param].name; });

// Every reason that tools/README.md lists; TYPE_MISMATCH takes a model that is not valid.
TEST(FoldFixtureList, CoversEveryCode) {
  std::set<std::string> codes;
  for (const FoldFixture& fixture : fold_fixtures())
    for (const ExpectedRecord& record : fixture.records) codes.insert(record.code);
  for (const char* code : {"MULTI_USE", "GRAPH_OUTPUT", "ACTIVATION_BETWEEN", "PADDED_CONSUMER",
                           "CONSUMER_NOT_FOLDABLE", "DYNAMIC_WEIGHT", "DYNAMIC_BN", "TRAINING_MODE",
                           "SPATIAL_0", "EXTRA_OUTPUTS", "AXIS_MISMATCH", "UNKNOWN_RANK",
                           "BAD_VARIANCE", "OVERFLOW", "OVERRIDABLE", "QUANTISED"})
    EXPECT_EQ(codes.count(code), 1u) << code;
  EXPECT_GE(fold_fixtures().size(), 140u);
}

}  // namespace
}  // namespace keel::test
