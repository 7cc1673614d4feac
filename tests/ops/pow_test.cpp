#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr DataType kBases[] = {DataType::Float,    DataType::Double, DataType::Float16,
                               DataType::BFloat16, DataType::Int32,  DataType::Int64};
constexpr DataType kExponents[] = {DataType::Float,    DataType::Double, DataType::Float16,
                                   DataType::BFloat16, DataType::Int8,   DataType::Int16,
                                   DataType::Int32,    DataType::Int64,  DataType::Uint8,
                                   DataType::Uint16,   DataType::Uint32, DataType::Uint64};

TEST(Pow, AgreesWithTheOracleOnEveryPairOfTypes) {
  for (const DataType base : kBases)
    for (const DataType exponent : kExponents) {
      Random random(1);
      check_operator("Pow", {random_tensor(random, base, {3, 7}, 1, 4),
                             random_tensor(random, exponent, {7}, 0, 3)});
    }
}

TEST(Pow, Broadcasts) {
  Random random(2);
  const Tensor a = random_tensor(random, DataType::Float, {2, 3, 5}, 0.5, 2);
  const Tensor integers = random_tensor(random, DataType::Int64, {1, 3, 300}, -4, 4);
  for (const Shape& shape : {Shape{}, Shape{3, 1}, Shape{2, 3, 5}, Shape{4, 1, 1, 5}})
    check_operator("Pow", {a, random_tensor(random, DataType::Float, shape, -2, 2)});
  check_operator("Pow", {integers, random_tensor(random, DataType::Int32, {2, 1, 1}, 0, 3)});
  check_operator("Pow", {make_tensor<std::int64_t>({}, {3}), integers});
  check_operator("Pow",
                 {random_tensor(random, DataType::Float, {2, 3, 4}, 1, 2),
                  random_tensor(random, DataType::Float, {3}, 1, 2)},
                 {{"axis", std::int64_t{1}}});
}

TEST(Pow, Squares) {
  const Tensor x = make_tensor<float>({2, 3}, {-3, 1e15f, NAN, INFINITY, 1e-3f, 0});
  check_operator("Pow", {x, make_tensor<float>({}, {2})});
  check_operator("Pow", {x, make_tensor<float>({1, 1, 1}, {2})});
  check_operator("Pow", {make_tensor<float>({}, {3}), make_tensor<float>({2}, {2, 2})});
}

TEST(Pow, EdgesOfIntegers) {
  const Tensor base = make_tensor<std::int64_t>({8}, {0, 0, 1, -1, -1, 2, 2, 3});
  const Tensor exponent = make_tensor<std::int64_t>({8}, {0, -1, -5, -5, -4, -1, 62, INT64_MAX});
  const Tensor y = run_operator("Pow", {base, exponent})[0];
  const std::int64_t expected[] = {1, 0, 1, -1, 1, 0, std::int64_t{1} << 62};
  for (int i = 0; i < 7; ++i) EXPECT_EQ(y.data_as<std::int64_t>()[i], expected[i]) << i;
  const Tensor far = run_operator(
      "Pow", {make_tensor<std::int32_t>({1}, {10}), make_tensor<float>({1}, {300})})[0];
  EXPECT_EQ(far.data_as<std::int32_t>()[0], INT32_MAX);
}

TEST(Pow, RefusesOtherBases) {
  EXPECT_THROW(
      run_operator("Pow", {make_tensor<std::int8_t>({1}, {1}), make_tensor<std::int8_t>({1}, {1})}),
      Error);
}

}  // namespace
}  // namespace keel::test
