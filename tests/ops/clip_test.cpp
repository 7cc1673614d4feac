#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr DataType kTypes[] = {DataType::Float,    DataType::Double, DataType::Float16,
                               DataType::BFloat16, DataType::Int8,   DataType::Int16,
                               DataType::Int32,    DataType::Int64,  DataType::Uint8,
                               DataType::Uint16,   DataType::Uint32, DataType::Uint64};

Tensor one(DataType type, double value) {
  Random random(0);
  return random_tensor(random, type, {}, value, value);
}

TEST(Clip, AgreesWithTheOracleOnEveryTypeAndBound) {
  for (const DataType type : kTypes) {
    Random random(1);
    const Tensor x = random_tensor(random, type, {3, 17}, 0, 20), none;
    const Tensor low = one(type, 5), high = one(type, 11);
    check_operator("Clip", {x, low, high});
    check_operator("Clip", {x, low});
    check_operator("Clip", {x, none, high});
    check_operator("Clip", {x});
    check_operator("Clip", {x, high, low});  // the upper bound wins
    check_operator("Clip", {random_tensor(random, type, {2, 0}, 0, 1), low, high});
  }
}

TEST(Clip, OfOneElementBesideBoundsOfOneElement) {
  const Tensor x = make_tensor<float>({1}, {7});
  check_operator("Clip", {x, make_tensor<float>({1}, {1}), make_tensor<float>({1}, {2})});
}

TEST(Clip, LetsNanThrough) {
  const Tensor x = make_tensor<float>({4}, {NAN, -INFINITY, INFINITY, 1});
  check_operator("Clip", {x, one(DataType::Float, 0), one(DataType::Float, 2)});
  check_operator("Clip", {x});
}

TEST(Clip, RefusesBoundsOfSeveralElementsOrAnotherType) {
  const Tensor x = make_tensor<float>({2}, {1, 2});
  EXPECT_THROW(run_operator("Clip", {x, x}), Error);
  EXPECT_THROW(run_operator("Clip", {x, make_tensor<double>({}, {1})}), Error);
  EXPECT_THROW(run_operator("Clip", {make_tensor<bool>({1}, {true})}), Error);
}

}  // namespace
}  // namespace keel::test
