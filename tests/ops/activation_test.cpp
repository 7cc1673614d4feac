// Activation functions against the oracle, and at the edges of their domains.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr float kInf = INFINITY;

struct Row {
  const char* op;
  Attributes attributes;
  float low, high;  // f(-inf), f(inf); NaN: not a number there
};

const Row kRows[] = {
    {"Relu", {}, 0, kInf},
    {"LeakyRelu", {}, -kInf, kInf},
    {"LeakyRelu", {{"alpha", 0.3f}}, -kInf, kInf},
    {"ThresholdedRelu", {}, 0, kInf},
    {"ThresholdedRelu", {{"alpha", -0.5f}}, 0, kInf},
    {"HardSigmoid", {}, 0, 1},
    {"HardSigmoid", {{"alpha", 0.7f}, {"beta", 0.1f}}, 0, 1},
    {"HardSwish", {}, NAN, kInf},
    {"Softsign", {}, NAN, NAN},
    {"Sigmoid", {}, 0, 1},
    {"Swish", {}, NAN, kInf},
    {"Swish", {{"alpha", 1.5f}}, NAN, kInf},
    {"Tanh", {}, -1, 1},
    {"Gelu", {}, NAN, kInf},
    {"Gelu", {{"approximate", "tanh"}}, NAN, kInf},
    {"Elu", {}, -1, kInf},
    {"Elu", {{"alpha", 2.0f}}, -2, kInf},
    {"Selu", {}, -1.758099341f, kInf},
    {"Selu", {{"alpha", 2.0f}, {"gamma", 3.0f}}, -6, kInf},
    {"Celu", {}, -1, kInf},
    {"Celu", {{"alpha", 2.0f}}, -2, kInf},
    {"Softplus", {}, 0, kInf},
    {"Mish", {}, NAN, kInf},
};

TEST(Activation, AgreesWithTheOracle) {
  for (const Row& row : kRows) {
    Random random(1);
    for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{1, 17}, Shape{2, 3, 7, 5}})
      check_operator(row.op, {random_tensor(random, DataType::Float, shape, -6, 6)},
                     row.attributes);
  }
}

TEST(Activation, HasEveryFloatingType) {
  for (const Row& row : kRows) {
    Random random(2);
    for (const DataType type : {DataType::Double, DataType::Float16, DataType::BFloat16})
      check_operator(row.op, {random_tensor(random, type, {3, 37}, -4, 4)}, row.attributes);
  }
}

TEST(Activation, EdgesOfTheDomain) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.op);
    const Tensor x = make_tensor<float>({5}, {-kInf, kInf, NAN, 0.0f, 100.0f});
    const Tensor y = run_operator(row.op, {x}, row.attributes)[0];
    const float* const got = y.data_as<float>();
    if (!std::isnan(row.low)) {
      EXPECT_FLOAT_EQ(got[0], row.low);
    }
    if (!std::isnan(row.high)) {
      EXPECT_EQ(got[1], row.high);
    }
    EXPECT_TRUE(std::isnan(got[2]));
    EXPECT_TRUE(std::isfinite(got[3]) && std::isfinite(got[4]));
  }
}

TEST(Activation, ReluOfIntegers) {
  Random random(3);
  for (const DataType type : {DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64})
    check_operator("Relu", {random_tensor(random, type, {5, 7}, -100, 100)});
  EXPECT_THROW(run_operator("Relu", {make_tensor<std::uint8_t>({1}, {1})}), Error);
}

TEST(Activation, RefusesOtherTypesAndAttributes) {
  EXPECT_THROW(run_operator("Tanh", {make_tensor<std::int32_t>({1}, {1})}), Error);
  const Tensor x = make_tensor<float>({1}, {1});
  EXPECT_THROW(run_operator("Gelu", {x}, {{"approximate", "sometimes"}}), Error);
  EXPECT_THROW(run_operator("Elu", {x}, {{"alpha", "1"}}), Error);
}

}  // namespace
}  // namespace keel::test
