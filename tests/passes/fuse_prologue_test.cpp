// Batch normalization that stays becomes part of the pointwise convolution or average pool that
// reads it, and pools move before pointwise convolutions; results stay what the oracle says.
#include <gtest/gtest.h>

#include "runtime/folding/records.h"
#include "tests/support/operator_check.h"
#include "tests/support/operators_after.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(21);
const Size kBatch = std::string("N");

// x -> BatchNormalization -> Relu -> r, with statistics that fold into nothing.
ModelBuilder activated(std::int64_t channels) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, channels, 8, 6});
  for (const char* name : {"scale", "b", "mean"})
    m.constant(name, random_tensor(source, DataType::Float, {channels}));
  std::vector<float> var(static_cast<std::size_t>(channels));
  for (std::size_t i = 0; i < var.size(); ++i) var[i] = 0.5f + 0.01f * static_cast<float>(i);
  m.constant("var", make_tensor<float>({channels}, var));
  m.node("BatchNormalization", {"x", "scale", "b", "mean", "var"}, {"n"});
  m.node("Relu", {"n"}, {"r"});
  return m;
}

void add_conv(ModelBuilder& m, const std::string& from, std::int64_t channels,
              std::int64_t features, std::int64_t side = 1) {
  m.constant("w", random_tensor(source, DataType::Float, {features, channels, side, side}));
  m.constant("bias", random_tensor(source, DataType::Float, {features}));
  m.node("Conv", {from, "w", "bias"}, {"c"});
}

void check(const ModelBuilder& m, const Operators& operators) {
  const Graph graph = m.graph();
  EXPECT_EQ(operators_after(graph), operators);
  const std::int64_t channels = graph.values[graph.inputs[0]].type.dims[1];
  check_graph(graph, {{"x", random_tensor(source, DataType::Float, {2, channels, 8, 6})}}, 2e-5);
}

TEST(FusePrologue, IntoPointwiseConvolutions) {
  for (std::int64_t channels : {32, 50, 64, 130}) {
    ModelBuilder m = activated(channels);
    add_conv(m, "r", channels, 64);
    m.node("Relu", {"c"}, {"y"}).output("y");
    check(m, {"Conv"});
  }
}

TEST(FusePrologue, IntoGlobalAveragePools) {
  ModelBuilder m = activated(40);
  m.node("GlobalAveragePool", {"r"}, {"y"}).output("y");
  check(m, {"GlobalAveragePool"});
}

TEST(FusePrologue, IntoAveragePools) {
  ModelBuilder m = activated(20);
  m.node("AveragePool", {"r"}, {"y"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  m.output("y");
  check(m, {"AveragePool"});
}

TEST(FusePrologue, NotWhereWindowsOverlap) {
  ModelBuilder m = activated(20);
  m.node("AveragePool", {"r"}, {"y"}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}});
  m.output("y");
  check(m, {"BatchNormalization", "AveragePool"});
}

TEST(FusePrologue, NotIntoLargerKernelsOrFewChannels) {
  ModelBuilder large = activated(32);
  add_conv(large, "r", 32, 32, 3);
  large.output("c");
  check(large, {"BatchNormalization", "Conv"});
  ModelBuilder few = activated(16);
  add_conv(few, "r", 16, 32);
  few.output("c");
  check(few, {"BatchNormalization", "Conv"});
}

TEST(FusePrologue, NotWhereTheResultIsUsedTwice) {
  ModelBuilder m = activated(32);
  add_conv(m, "r", 32, 32);
  m.output("c").output("r");
  check(m, {"BatchNormalization", "Conv"});
}

TEST(FusePrologue, NotWhenStrict) {
  ModelBuilder m = activated(32);
  add_conv(m, "r", 32, 32);
  m.output("c");
  Options options;
  options.precision = Precision::Strict;
  EXPECT_EQ(operators_after(m.graph(), options), (Operators{"BatchNormalization", "Conv"}));
}

TEST(PoolBeforePointwise, BehindABatchNormalization) {
  ModelBuilder m = activated(48);
  add_conv(m, "r", 48, 32);
  m.node("AveragePool", {"c"}, {"y"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  m.output("y");
  check(m, {"AveragePool", "Conv"});
}

TEST(PoolBeforePointwise, OverlappingWindows) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 8, 6});
  add_conv(m, "x", 20, 30);
  m.node("AveragePool", {"c"}, {"y"}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}});
  m.output("y");
  check(m, {"AveragePool", "Conv"});
}

TEST(PoolBeforePointwise, NotWithPads) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 8, 6});
  add_conv(m, "x", 20, 30);
  m.node("AveragePool", {"c"}, {"y"},
         {{"kernel_shape", Ints{2, 2}},
          {"strides", Ints{2, 2}},
          {"pads", Ints{1, 1, 1, 1}},
          {"count_include_pad", std::int64_t{1}}});
  m.output("y");
  check(m, {"Conv", "AveragePool"});
}

TEST(EliminateIdentity, PadByNothing) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 8, 6});
  m.constant("pads", make_tensor<std::int64_t>({8}, {0, 0, 0, 0, 0, 0, 0, 0}));
  m.node("Pad", {"x", "pads"}, {"p"}).node("Relu", {"p"}, {"y"}).output("y");
  check(m, {"Relu"});
}

// It costs no pass of its own, but its record still says why it was not folded.
TEST(FusePrologue, TheReasonWhyItStaysIsKept) {
  ModelBuilder m = activated(32);
  add_conv(m, "r", 32, 64);
  m.output("c");
  const Graph original = m.graph();
  Graph graph = original;
  std::vector<Decision> decisions;
  optimize_for_running(graph, {}, decisions);
  const auto records = folding::fold_records(original, decisions);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, "kept");
  EXPECT_EQ(records[0].code, "ACTIVATION_BETWEEN");
}

}  // namespace
}  // namespace keel::test
