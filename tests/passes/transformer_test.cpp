// What transformers are spelled out as: LayerNormalization, Gelu, products with bias and residual.
// Fused where the pattern is exact, and the result stays what the oracle says.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/operator_check.h"
#include "tests/support/operators_after.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(5);
constexpr std::int64_t kWidth = 24;

Tensor row(std::int64_t n) { return random_tensor(source, DataType::Float, {n}); }
Tensor scalar(float value) { return make_tensor<float>({}, {value}); }

ModelBuilder model() {
  ModelBuilder m;
  m.input("x", Sizes{Size(std::string("N")), 7, kWidth});
  m.constant("w", random_tensor(source, DataType::Float, {kWidth, kWidth}));
  m.constant("b", row(kWidth));
  return m;
}

void check(const ModelBuilder& m, const std::vector<std::string>& operators, double nme = 2e-6) {
  const Graph graph = m.graph();
  EXPECT_EQ(operators_after(graph), operators);
  check_graph(graph, {{"x", random_tensor(source, DataType::Float, {2, 7, kWidth})}}, nme);
}

TEST(FuseLinear, MatMulAndBias) {
  for (bool swapped : {false, true}) {
    ModelBuilder m = model();
    m.node("MatMul", {"x", "w"}, {"p"});
    m.node("Add", swapped ? Strings{"b", "p"} : Strings{"p", "b"}, {"y"}).output("y");
    check(m, {"Linear"});
  }
}

TEST(FuseLinear, BiasWithLeadingOnes) {
  ModelBuilder m = model();
  m.constant("c", random_tensor(source, DataType::Float, {1, 1, kWidth}));
  m.node("MatMul", {"x", "w"}, {"p"}).node("Add", {"p", "c"}, {"y"}).output("y");
  check(m, {"Linear"});
}

TEST(FuseLinear, ThenActivationOrResidual) {
  ModelBuilder m = model();
  m.node("MatMul", {"x", "w"}, {"p"}).node("Add", {"p", "b"}, {"s"});
  m.node("Relu", {"s"}, {"y"}).output("y");
  check(m, {"Linear"});
  ModelBuilder r = model();
  r.node("MatMul", {"x", "w"}, {"p"}).node("Add", {"p", "b"}, {"s"});
  r.node("Add", {"x", "s"}, {"y"}).output("y");
  check(r, {"Linear"});
}

TEST(FuseLinear, NotWhereItIsNoBias) {
  ModelBuilder m = model();
  m.constant("c", random_tensor(source, DataType::Float, {7, 1}));
  m.node("MatMul", {"x", "w"}, {"p"}).node("Add", {"p", "c"}, {"y"}).output("y");
  check(m, {"MatMul", "Add"});
  ModelBuilder used = model();
  used.node("MatMul", {"x", "w"}, {"p"}).node("Add", {"p", "b"}, {"y"}).output("y").output("p");
  check(used, {"MatMul", "Add"});
}

// The factors in one of three orders.
ModelBuilder gelu(int order, float half, bool division) {
  ModelBuilder m = model();
  m.constant("half", scalar(half)).constant("one", scalar(1));
  m.constant("root", scalar(division ? 1.41421356f : 0.70710678f));
  m.node(division ? "Div" : "Mul", {"x", "root"}, {"d"}).node("Erf", {"d"}, {"e"});
  m.node("Add", {"e", "one"}, {"s"});
  if (order == 0) m.node("Mul", {"x", "s"}, {"p"}).node("Mul", {"p", "half"}, {"y"});
  if (order == 1) m.node("Mul", {"half", "x"}, {"p"}).node("Mul", {"p", "s"}, {"y"});
  if (order == 2) m.node("Mul", {"s", "half"}, {"p"}).node("Mul", {"x", "p"}, {"y"});
  m.output("y");
  return m;
}

TEST(RecogniseGelu, InEveryOrder) {
  for (int order : {0, 1, 2})
    for (bool division : {true, false}) check(gelu(order, 0.5f, division), {"Gelu"});
}

TEST(RecogniseGelu, NotWithAnotherFactor) {
  check(gelu(0, 0.25f, true), {"Div", "Erf", "Add", "Mul", "Mul"});
}

struct Norm {
  Ints axes = {-1};
  bool power = true;
  float exponent = 2;
};

ModelBuilder layer_norm(const Norm& norm) {
  ModelBuilder m = model();
  m.constant("axes", make_tensor<std::int64_t>({1}, norm.axes));
  m.constant("two", scalar(norm.exponent)).constant("epsilon", scalar(1e-5f));
  m.constant("scale", row(kWidth));
  m.node("ReduceMean", {"x", "axes"}, {"mean"}).node("Sub", {"x", "mean"}, {"d"});
  m.node(norm.power ? "Pow" : "Mul", {"d", norm.power ? "two" : "d"}, {"square"});
  m.node("ReduceMean", {"square", "axes"}, {"var"}).node("Add", {"var", "epsilon"}, {"sum"});
  m.node("Sqrt", {"sum"}, {"root"}).node("Div", {"d", "root"}, {"z"});
  m.node("Mul", {"z", "scale"}, {"scaled"}).node("Add", {"scaled", "b"}, {"y"}).output("y");
  return m;
}

TEST(RecogniseLayerNorm, SpelledOut) {
  check(layer_norm({}), {"LayerNormalization"});
  check(layer_norm({{2}}), {"LayerNormalization"});
  check(layer_norm({{-1}, false}), {"LayerNormalization"});
}

TEST(RecogniseLayerNorm, NotOverAnotherAxisOrPower) {
  EXPECT_NE(operators_after(layer_norm({{1}}).graph()),
            (std::vector<std::string>{"LayerNormalization"}));
  EXPECT_NE(operators_after(layer_norm({{-1}, true, 4}).graph()),
            (std::vector<std::string>{"LayerNormalization"}));
}

struct Heads {
  bool transposed = true, scaled_q = false, mask = true;
};

// x [N, 7, 24] as 3 heads of 8 columns, attending to itself.
ModelBuilder attention(const Heads& heads) {
  ModelBuilder m = model();
  m.constant("heads", make_tensor<std::int64_t>({4}, {0, 7, 3, 8})).constant("c", scalar(2.5f));
  m.constant("mask", random_tensor(source, DataType::Float, {1, 1, 1, 7}));
  m.node("Reshape", {"x", "heads"}, {"h"});
  m.node("Transpose", {"h"}, {"q"}, {{"perm", Ints{0, 2, 1, 3}}});
  m.node("Transpose", {"h"}, {"k"}, {{"perm", Ints{0, 2, 3, 1}}});
  m.node("Transpose", {"h"}, {"v"}, {{"perm", Ints{0, 2, 1, 3}}});
  if (heads.scaled_q) m.node("Div", {"q", "c"}, {"q2"});
  m.node("MatMul", {heads.scaled_q ? "q2" : "q", "k"}, {"s0"});
  m.node("Mul", {"c", "s0"}, {"s1"});
  if (heads.mask) m.node("Add", {"s1", "mask"}, {"s2"});
  m.node("Softmax", {heads.mask ? "s2" : "s1"}, {"p"}, {{"axis", std::int64_t{-1}}});
  m.node("MatMul", {"p", "v"}, {"o"});
  if (heads.transposed) m.node("Transpose", {"o"}, {"y"}, {{"perm", Ints{0, 2, 1, 3}}});
  m.output(heads.transposed ? "y" : "o");
  return m;
}

TEST(FuseAttention, InEveryForm) {
  for (bool transposed : {true, false})
    for (bool scaled_q : {true, false})
      for (bool mask : {true, false})
        check(attention({transposed, scaled_q, mask}), {"Reshape", "Attention"});
}

TEST(FuseAttention, NotWhereTheWeightsAreAnOutput) {
  ModelBuilder m = attention({});
  m.output("p");
  const std::vector<std::string> operators = operators_after(m.graph());
  EXPECT_EQ(std::count(operators.begin(), operators.end(), "Softmax"), 1);
}

}  // namespace
}  // namespace keel::test
