// Pointwise, depthwise, pointwise convolutions become one node where that is faster and allowed,
// and the result stays what the oracle says.
#include <gtest/gtest.h>

#include "runtime/conv_strips.h"
#include "runtime/model.h"
#include "tests/support/compare.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(31);

// x [n, 16, side, side] -> e [96] -> d -> p [24].
ModelBuilder block(const Size& n, std::int64_t side, const Attributes& window) {
  ModelBuilder m;
  m.input("x", Sizes{n, 16, side, side});
  m.constant("we", random_tensor(source, DataType::Float, {96, 16, 1, 1}));
  m.constant("be", random_tensor(source, DataType::Float, {96}));
  m.constant("wd", random_tensor(source, DataType::Float, {96, 1, 3, 3}));
  m.constant("wp", random_tensor(source, DataType::Float, {24, 96, 1, 1}));
  m.constant("low", make_tensor<float>({}, {0})).constant("high", make_tensor<float>({}, {6}));
  m.node("Conv", {"x", "we", "be"}, {"e"}).node("Clip", {"e", "low", "high"}, {"ce"});
  m.node("Conv", {"ce", "wd"}, {"d"}, window).node("HardSwish", {"d"}, {"hd"});
  m.node("Conv", {"hd", "wp"}, {"p"});
  return m;
}

const Attributes kSame = {{"pads", Ints{1, 1, 1, 1}}, {"group", 96}};
const Attributes kHalf = {{"strides", Ints{2, 2}}, {"pads", Ints{0, 1, 1, 0}}, {"group", 96}};
constexpr std::int64_t kHuge = 106, kLarge = 49, kSmall = 14;

std::vector<std::string> joined(Graph graph) {
  std::vector<Decision> decisions;
  optimize_for_running(graph, {}, decisions);
  std::vector<std::string> patterns;
  for (const Decision& decision : decisions)
    if (decision.pass == "fuse_strips" && decision.done) patterns.push_back(decision.pattern);
  return patterns;
}

void check(const ModelBuilder& m, std::int64_t images, std::int64_t side,
           const std::vector<std::string>& patterns) {
  const Graph graph = m.graph();
  EXPECT_EQ(joined(graph), patterns);
  check_graph(graph, {{"x", random_tensor(source, DataType::Float, {images, 16, side, side})}},
              2e-5);
}

TEST(FuseStrips, AllThree) {
  for (const Attributes& window : {kSame, kHalf})
    check(block("N", kLarge, window).output("p"), 2, kLarge, {"Conv 1x1->Conv->Conv 1x1"});
}

TEST(FuseStrips, WithResidualAndActivation) {
  ModelBuilder m = block(1, kLarge, kSame);
  m.constant("wr", random_tensor(source, DataType::Float, {24, 16, 3, 3}));
  m.node("Conv", {"x", "wr"}, {"r"}, {{"pads", Ints{1, 1, 1, 1}}});
  m.node("Sigmoid", {"r"}, {"g"})
      .node("Add", {"p", "g"}, {"s"})
      .node("Relu", {"s"}, {"y"})
      .output("y");
  check(m, 1, kLarge, {"Conv 1x1->Conv->Conv 1x1"});
}

TEST(FuseStrips, WithoutProjectionWhereTheMiddleIsUsedTwice) {
  ModelBuilder m = block(1, kHuge, kSame);
  m.node("GlobalAveragePool", {"hd"}, {"g"}).output("p").output("g");
  check(m, 1, kHuge, {"Conv 1x1->Conv"});
}

TEST(FuseStrips, WithoutExpansionWhereItIsAnOutput) {
  check(block(1, kLarge, kSame).output("p").output("ce"), 1, kLarge, {"Conv->Conv 1x1"});
}

TEST(FuseStrips, NotWhereItIsSlower) {
  check(block(1, kSmall, kSame).output("p"), 1, kSmall, {});
  EXPECT_TRUE(joined(block(1, -1, kSame).output("p").graph()).empty());
}

TEST(FuseStrips, NotOfWeightsThatAreNotConstant) {
  ModelBuilder m;
  m.input("x", Sizes{1, 16, kLarge, kLarge}).input("w", Sizes{96, 16, 1, 1});
  m.constant("wd", random_tensor(source, DataType::Float, {96, 1, 3, 3}));
  m.node("Conv", {"x", "w"}, {"e"}).node("Conv", {"e", "wd"}, {"y"}, kSame).output("y");
  EXPECT_TRUE(joined(m.graph()).empty());
}

TEST(FuseStrips, SameBitsAsUnfusedForAnyNumberOfThreads) {
  const Graph graph = block(2, kLarge, kSame).output("p").graph();
  const std::map<std::string, Tensor> inputs = {
      {"x", random_tensor(source, DataType::Float, {2, 16, kLarge, kLarge})}};
  Options options;
  options.threads = 1;
  const Tensor first = Model(build_model(graph, options)).run(inputs).at("p");
  for (const int threads : {2, 3, 5}) {
    options.threads = threads;
    EXPECT_EQ(bit_difference(Model(build_model(graph, options)).run(inputs).at("p"), first), "");
  }
}

}  // namespace
}  // namespace keel::test
