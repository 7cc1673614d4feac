#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Logic, AgreesWithTheOracle) {
  Random random(1);
  const Tensor a = random_tensor(random, DataType::Bool, {3, 4, 5});
  for (const char* op : {"And", "Or", "Xor"}) {
    for (const Shape& shape : {Shape{3, 4, 5}, Shape{}, Shape{4, 1}, Shape{2, 1, 1, 5}})
      check_operator(op, {a, random_tensor(random, DataType::Bool, shape)});
    check_operator(op, {a, random_tensor(random, DataType::Bool, {4})},
                   {{"axis", std::int64_t{1}}});
    EXPECT_THROW(run_operator(op, {make_tensor<float>({1}, {1}), make_tensor<float>({1}, {1})}),
                 Error);
  }
  check_operator("Not", {a});
  check_operator("Not", {random_tensor(random, DataType::Bool, {0})});
}

TEST(Logic, AnyByteButZeroIsTrue) {
  Tensor x(DataType::Bool, {2}), y(DataType::Bool, {2});
  const unsigned char left[] = {1, 2}, right[] = {2, 4};
  std::copy(left, left + 2, x.data_as<unsigned char>());
  std::copy(right, right + 2, y.data_as<unsigned char>());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run_operator("And", {x, y})[0].data_as<unsigned char>()[i], 1);
    EXPECT_EQ(run_operator("Or", {x, y})[0].data_as<unsigned char>()[i], 1);
    EXPECT_EQ(run_operator("Xor", {x, y})[0].data_as<unsigned char>()[i], 0);
    EXPECT_EQ(run_operator("Not", {x})[0].data_as<unsigned char>()[i], 0);
  }
}

}  // namespace
}  // namespace keel::test
