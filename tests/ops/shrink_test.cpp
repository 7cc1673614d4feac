#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Shrink, AgreesWithTheOracle) {
  Random random(1);
  for (const DataType type :
       {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16})
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 17}}) {
      const Tensor x = random_tensor(random, type, shape, -3, 3);
      check_operator("Shrink", {x});
      check_operator("Shrink", {x}, {{"lambd", 1.5f}, {"bias", 1.5f}});
    }
}

TEST(Shrink, OfIntegers) {
  const Attributes attributes = {{"lambd", 1.5f}, {"bias", 0.5f}};
  const Tensor x = make_tensor<std::int8_t>({5}, {-3, -1, 0, 1, 3});
  const Tensor y = run_operator("Shrink", {x}, attributes)[0];
  const std::int8_t expected[] = {-2, 0, 0, 0, 2};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(y.data_as<std::int8_t>()[i], expected[i]);
  const Tensor u =
      run_operator("Shrink", {make_tensor<std::uint8_t>({2}, {1, 200})}, attributes)[0];
  EXPECT_EQ(u.data_as<std::uint8_t>()[0], 0);
  EXPECT_EQ(u.data_as<std::uint8_t>()[1], 199);
}

}  // namespace
}  // namespace keel::test
