// Functions of one float against the oracle, over ranges where they are defined and beyond.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

struct Row {
  const char* op;
  double low, high;  // the range that is tried
};

const Row kRows[] = {
    {"Reciprocal", 0.1, 4}, {"Floor", -9, 9},  {"Ceil", -9, 9},        {"Round", -9, 9},
    {"Sqrt", 0, 100},       {"Exp", -8, 8},    {"Log", 0.01, 50},      {"Erf", -4, 4},
    {"Sin", -20, 20},       {"Cos", -20, 20},  {"Tan", -1.4, 1.4},     {"Asin", -1, 1},
    {"Acos", -1, 1},        {"Atan", -30, 30}, {"Sinh", -5, 5},        {"Cosh", -5, 5},
    {"Asinh", -30, 30},     {"Acosh", 1, 30},  {"Atanh", -0.99, 0.99},
};

TEST(FloatFunction, AgreesWithTheOracle) {
  for (const Row& row : kRows) {
    Random random(1);
    for (const Shape& shape : {Shape{}, Shape{2, 0}, Shape{1, 17}, Shape{2, 3, 7, 5}})
      check_operator(row.op, {random_tensor(random, DataType::Float, shape, row.low, row.high)});
  }
}

TEST(FloatFunction, HasEveryFloatingType) {
  for (const Row& row : kRows) {
    Random random(2);
    for (const DataType type : {DataType::Double, DataType::Float16, DataType::BFloat16})
      check_operator(row.op, {random_tensor(random, type, {3, 37}, row.low, row.high)});
    EXPECT_THROW(run_operator(row.op, {make_tensor<std::int32_t>({1}, {1})}), Error) << row.op;
  }
}

TEST(FloatFunction, NanAndInfinities) {
  for (const Row& row : kRows)
    check_operator(row.op, {make_tensor<float>({6}, {NAN, INFINITY, -INFINITY, 0, -0.0f, 1})});
}

TEST(FloatFunction, RoundsHalvesToEven) {
  const Tensor x =
      make_tensor<float>({8}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 0.49999997f, 8388609.0f});
  const Tensor y = run_operator("Round", {x})[0];
  const float expected[] = {0, 2, 2, 0, -2, -2, 0, 8388609};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(y.data_as<float>()[i], expected[i]);
}

}  // namespace
}  // namespace keel::test
