#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(PRelu, AgreesWithTheOracle) {
  for (const DataType type : {DataType::Float, DataType::Double, DataType::Float16,
                              DataType::BFloat16, DataType::Int32, DataType::Int64}) {
    Random random(1);
    const Tensor x = random_tensor(random, type, {2, 3, 4, 5}, -3, 3);
    for (const Shape& slope : {Shape{}, Shape{3, 1, 1}, Shape{1, 3, 1, 5}, Shape{2, 3, 4, 5}})
      check_operator("PRelu", {x, random_tensor(random, type, slope, -2, 2)});
    check_operator("PRelu", {x, random_tensor(random, type, {3}, -2, 2)},
                   {{"axis", std::int64_t{1}}});
  }
  check_operator("PRelu",
                 {make_tensor<std::uint32_t>({2}, {1, 2}), make_tensor<std::uint32_t>({1}, {5})});
  check_operator("PRelu", {make_tensor<float>({3}, {NAN, -INFINITY, INFINITY}),
                           make_tensor<float>({}, {0.5f})});
}

TEST(PRelu, TheSlopeMustFitX) {
  const Tensor x = make_tensor<float>({1, 2}, {1, 2});
  EXPECT_THROW(run_operator("PRelu", {x, make_tensor<float>({3, 1}, {1, 2, 3})}), Error);
  EXPECT_THROW(run_operator("PRelu", {x, make_tensor<float>({1, 1, 2}, {1, 2})}), Error);
  EXPECT_THROW(run_operator("PRelu", {make_tensor<float>({}, {1}), x}), Error);
}

}  // namespace
}  // namespace keel::test
