#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr DataType kTypes[] = {DataType::Int8,   DataType::Int16, DataType::Int32,
                               DataType::Int64,  DataType::Uint8, DataType::Uint16,
                               DataType::Uint32, DataType::Uint64};

TEST(Bitwise, AgreesWithTheOracle) {
  for (const DataType type : kTypes) {
    Random random(1);
    const Tensor a = random_tensor(random, type, {3, 19}, 0, 127);
    const Tensor b = random_tensor(random, type, {3, 1}, 0, 127);
    for (const char* op : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}) {
      check_operator(op, {a, b});
      check_operator(op, {a, a});
    }
    check_operator("BitwiseNot", {a});
  }
  EXPECT_THROW(run_operator("BitwiseNot", {make_tensor<float>({1}, {1})}), Error);
}

TEST(Bitwise, Shifts) {
  for (const char* direction : {"LEFT", "RIGHT"})
    for (const DataType type :
         {DataType::Uint8, DataType::Uint16, DataType::Uint32, DataType::Uint64}) {
      Random random(2);
      check_operator(
          "BitShift",
          {random_tensor(random, type, {3, 7}, 0, 255), random_tensor(random, type, {7}, 0, 7)},
          {{"direction", direction}});
    }
  const Tensor x = make_tensor<std::uint8_t>({3}, {255, 255, 255});
  const Tensor by = make_tensor<std::uint8_t>({3}, {7, 8, 255});
  const Tensor left = run_operator("BitShift", {x, by}, {{"direction", "LEFT"}})[0];
  const Tensor right = run_operator("BitShift", {x, by}, {{"direction", "RIGHT"}})[0];
  const std::uint8_t expected_left[] = {128, 0, 0}, expected_right[] = {1, 0, 0};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(left.data_as<std::uint8_t>()[i], expected_left[i]);
    EXPECT_EQ(right.data_as<std::uint8_t>()[i], expected_right[i]);
  }
  EXPECT_THROW(run_operator("BitShift", {x, by}), Error);
  EXPECT_THROW(run_operator("BitShift", {x, by}, {{"direction", "UP"}}), Error);
}

}  // namespace
}  // namespace keel::test
