// Mod; Div stands with the other arithmetic in arithmetic_test.cpp.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

const Attributes kFmod = {{"fmod", std::int64_t{1}}};

template <typename T>
void expect_mod(T a, T b, T floored, T truncated) {
  const std::vector<Tensor> inputs = {make_tensor<T>({1}, {a}), make_tensor<T>({1}, {b})};
  EXPECT_EQ(run_operator("Mod", inputs)[0].data_as<T>()[0], floored);
  EXPECT_EQ(run_operator("Mod", inputs, kFmod)[0].data_as<T>()[0], truncated);
}

TEST(Mod, SignFollowsTheDivisorOrTheDividend) {
  expect_mod<std::int32_t>(7, 3, 1, 1);
  expect_mod<std::int32_t>(-7, 3, 2, -1);
  expect_mod<std::int32_t>(7, -3, -2, 1);
  expect_mod<std::int32_t>(-7, -3, -1, -1);
  expect_mod<std::int8_t>(-128, -1, 0, 0);
  expect_mod<std::int64_t>(INT64_MIN, -1, 0, 0);
  expect_mod<std::int64_t>(INT64_MIN, INT64_MAX, INT64_MAX - 1, -1);
  expect_mod<std::uint8_t>(200, 7, 4, 4);
}

TEST(Mod, AgreesWithTheOracle) {
  for (const DataType type :
       {DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64, DataType::Uint8,
        DataType::Uint16, DataType::Uint32, DataType::Uint64}) {
    Random random(1);
    const Tensor a = random_tensor(random, type, {4, 9}, 0, 100);
    const Tensor b = random_tensor(random, type, {9}, 1, 9);
    check_operator("Mod", {a, b});
    check_operator("Mod", {a, b}, kFmod);
  }
  for (const DataType type : {DataType::Float, DataType::Double}) {
    Random random(2);
    const Tensor a = random_tensor(random, type, {4, 9}, -9, 9);
    check_operator("Mod", {a, random_tensor(random, type, {4, 1}, 1, 2)}, kFmod);
    EXPECT_THROW(run_operator("Mod", {a, a}), Error);
  }
}

TEST(Mod, ByZero) {
  const Tensor a = make_tensor<std::int16_t>({2}, {1, 2}),
               b = make_tensor<std::int16_t>({2}, {1, 0});
  EXPECT_THROW(run_operator("Mod", {a, b}), Error);
  EXPECT_THROW(run_operator("Mod", {a, b}, kFmod), Error);
}

}  // namespace
}  // namespace keel::test
