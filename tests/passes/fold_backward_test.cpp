// Conv -> BatchNormalization: what is folded, what is refused and with which code. Folded and
// unfolded graphs are compared in double.
#include <gtest/gtest.h>

#include <functional>

#include "loaders/onnx_reader.h"
#include "runtime/folding/records.h"
#include "runtime/optimizer.h"
#include "tests/oracle/oracle.h"
#include "tests/support/compare.h"
#include "tests/support/model_builder.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(11);

Tensor random(Shape shape, double low = -1, double high = 1, DataType type = DataType::Float) {
  return random_tensor(source, type, std::move(shape), low, high);
}

void add_batchnorm(ModelBuilder& m, std::int64_t channels, const std::string& from,
                   const std::string& to, Attributes attributes = {},
                   DataType type = DataType::Float) {
  m.constant("scale", random({channels}, -2, 2, type));
  m.constant("bias", random({channels}, -1, 1, type));
  m.constant("mean", random({channels}, -1, 1, type));
  m.constant("var", random({channels}, 0.1, 3, type));
  m.node("BatchNormalization", {from, "scale", "bias", "mean", "var"}, {to}, attributes);
}

// X -> Conv (W [16, 8 / group, kernel...]) -> BatchNormalization -> Y
ModelBuilder conv_bn(const Shape& input, const Shape& W, std::int64_t group, bool bias,
                     DataType type = DataType::Float) {
  ModelBuilder m;
  Sizes dims;
  for (std::int64_t size : input) dims.push_back(size);
  m.input("x", dims, type).constant("w", random(W, -1, 1, type));
  std::vector<std::string> inputs = {"x", "w"};
  if (bias) {
    m.constant("b", random({W[0]}, -1, 1, type));
    inputs.push_back("b");
  }
  m.node("Conv", inputs, {"c"}, {{"group", group}});
  add_batchnorm(m, W[0], "c", "y", {}, type);
  m.output("y");
  return m;
}

std::vector<folding::FoldRecord> fold(Graph& graph, Options options = {}) {
  const Graph original = graph;
  std::vector<Decision> decisions;
  optimize(graph, options, {Phase::Fold}, decisions);
  return folding::fold_records(original, decisions);
}

void expect_folded(const ModelBuilder& model, const Tensor& x, double tolerance) {
  const Graph before = model.graph();
  Graph after = before;
  const auto records = fold(after);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, "folded") << records[0].code << " " << records[0].message;
  for (NodeId id : after.order) EXPECT_NE(after.nodes[id].op_type, "BatchNormalization");
  EXPECT_EQ(after.values[after.outputs[0]].name, "y");
  const auto expected = oracle::run(before, {{"x", x}}), got = oracle::run(after, {{"x", x}});
  EXPECT_EQ(nme_difference(got.at("y"), expected.at("y"), tolerance), "");
  // Folding once more changes nothing.
  EXPECT_TRUE(fold(after).empty());
}

void expect_refused(const ModelBuilder& model, const std::string& code, Options options = {}) {
  Graph graph = model.graph();
  const std::size_t nodes = graph.order.size();
  const auto records = fold(graph, options);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, "kept");
  EXPECT_EQ(records[0].code, code) << records[0].message;
  EXPECT_FALSE(records[0].message.empty());
  EXPECT_EQ(graph.order.size(), nodes);
}

TEST(FoldBackward, EveryRankAndGroup) {
  for (bool bias : {false, true}) {
    expect_folded(conv_bn({2, 8, 11}, {16, 8, 3}, 1, bias), random({2, 8, 11}), 1e-6);
    expect_folded(conv_bn({2, 8, 7, 9}, {16, 8, 3, 3}, 1, bias), random({2, 8, 7, 9}), 1e-6);
    expect_folded(conv_bn({2, 8, 7, 9}, {16, 2, 3, 1}, 4, bias), random({2, 8, 7, 9}), 1e-6);
    expect_folded(conv_bn({2, 8, 7, 9}, {8, 1, 3, 3}, 8, bias), random({2, 8, 7, 9}), 1e-6);
    expect_folded(conv_bn({1, 8, 4, 5, 6}, {16, 8, 2, 2, 2}, 1, bias), random({1, 8, 4, 5, 6}),
                  1e-6);
  }
}

TEST(FoldBackward, RoundsOnceToTheTypeOfTheWeights) {
  expect_folded(conv_bn({1, 8, 9}, {16, 8, 3}, 1, true, DataType::Double),
                random({1, 8, 9}, -1, 1, DataType::Double), 1e-14);
  expect_folded(conv_bn({1, 8, 9}, {16, 8, 3}, 1, true, DataType::Float16),
                random({1, 8, 9}, -1, 1, DataType::Float16), 4e-3);
}

TEST(FoldBackward, SharedWeightsAreCopied) {
  ModelBuilder m;
  m.input("x", Sizes{1, 4, 6, 6}).constant("w", random({4, 4, 1, 1}));
  m.node("Conv", {"x", "w"}, {"c"});
  add_batchnorm(m, 4, "c", "y");
  m.node("Conv", {"x", "w"}, {"z"}).output("y").output("z");
  const Graph before = m.graph();
  Graph after = before;
  EXPECT_EQ(fold(after)[0].status, "folded");
  const Tensor x = random({1, 4, 6, 6});
  const auto expected = oracle::run(before, {{"x", x}}), got = oracle::run(after, {{"x", x}});
  EXPECT_EQ(nme_difference(got.at("y"), expected.at("y"), 1e-6), "");
  EXPECT_EQ(nme_difference(got.at("z"), expected.at("z"), 0), "");
}

TEST(FoldBackward, WeightsBehindIdentityAndConstantNodes) {
  ModelBuilder m;
  m.input("x", Sizes{1, 4, 6, 6});
  m.node("Constant", {}, {"w0"}, {{"value", random({4, 4, 1, 1})}}).node("Identity", {"w0"}, {"w"});
  m.node("Conv", {"x", "w"}, {"c"});
  add_batchnorm(m, 4, "c", "y");
  m.output("y");
  const std::string bytes = m.onnx();
  Graph graph = read_graph(bytes.data(), bytes.size());
  EXPECT_EQ(fold(graph)[0].status, "folded");
  EXPECT_EQ(graph.order.size(), 1u) << "the Constant and the Identity have no use any more";
}

// Rows of (code, what to build between X and Y).
struct Refusal {
  const char* code;
  std::function<void(ModelBuilder&)> build;
};

TEST(FoldBackward, RefusesWithAReason) {
  const auto conv = [](ModelBuilder& m) {
    m.constant("w", random({4, 4, 1, 1})).node("Conv", {"x", "w"}, {"c"});
  };
  const Refusal rows[] = {
      {"MULTI_USE",
       [&](ModelBuilder& m) {
         conv(m);
         add_batchnorm(m, 4, "c", "y");
         m.node("Relu", {"c"}, {"r"}).output("r");
       }},
      {"GRAPH_OUTPUT",
       [&](ModelBuilder& m) {
         conv(m);
         add_batchnorm(m, 4, "c", "y");
         m.output("c");
       }},
      {"ACTIVATION_BETWEEN",
       [&](ModelBuilder& m) {
         conv(m);
         m.node("Relu", {"c"}, {"r"});
         add_batchnorm(m, 4, "r", "y");
       }},
      {"CONSUMER_NOT_FOLDABLE", [](ModelBuilder& m) { add_batchnorm(m, 4, "x", "y"); }},
      {"DYNAMIC_WEIGHT",
       [](ModelBuilder& m) {
         m.input("w", Sizes{4, 4, 1, 1}).node("Conv", {"x", "w"}, {"c"});
         add_batchnorm(m, 4, "c", "y");
       }},
      {"TRAINING_MODE",
       [&](ModelBuilder& m) {
         conv(m);
         add_batchnorm(m, 4, "c", "y", {{"training_mode", std::int64_t{1}}});
       }},
      {"BAD_VARIANCE",
       [&](ModelBuilder& m) {
         conv(m);
         m.constant("one", make_tensor<float>({4}, {1, 1, 1, 1}));
         m.constant("var", make_tensor<float>({4}, {1, 1, -1, 1}));
         m.node("BatchNormalization", {"c", "one", "one", "one", "var"}, {"y"});
       }},
      {"OVERFLOW",
       [&](ModelBuilder& m) {
         conv(m);
         m.constant("huge", make_tensor<float>({4}, {3e38f, 1, 1, 1}));
         m.constant("tiny", make_tensor<float>({4}, {1e-6f, 1, 1, 1}));
         m.node("BatchNormalization", {"c", "huge", "tiny", "tiny", "tiny"}, {"y"},
                {{"epsilon", 0.0f}});
       }},
      {"DYNAMIC_BN",
       [&](ModelBuilder& m) {
         conv(m);
         m.constant("one", make_tensor<float>({4}, {1, 1, 1, 1})).input("mean", Sizes{4});
         m.node("BatchNormalization", {"c", "one", "one", "mean", "one"}, {"y"});
       }},
      {"TYPE_MISMATCH",  // of shapes that inference cannot see: the model is not valid
       [](ModelBuilder& m) {
         m.constant("q", random({4, 4, 1, 1}, -9, 9, DataType::Int8))
             .constant("q_scale", random({4}));
         m.node("DequantizeLinear", {"q", "q_scale"}, {"w"}, {{"axis", std::int64_t{0}}});
         m.node("Conv", {"x", "w"}, {"c"});
         add_batchnorm(m, 3, "c", "y");
       }},
  };
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.code);
    ModelBuilder m;
    m.input("x", Sizes{1, 4, 6, 6});
    row.build(m);
    m.output("y");
    expect_refused(m, row.code);
  }
}

}  // namespace
}  // namespace keel::test
