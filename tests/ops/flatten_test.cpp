#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Flatten, EveryAxis) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {2, 3, 4, 5});
  for (std::int64_t axis = -4; axis <= 4; ++axis) check_operator("Flatten", {x}, {{"axis", axis}});
  check_operator("Flatten", {x});
  check_operator("Flatten", {Tensor(DataType::Int8, {3, 0, 2})});
  for (const auto& [axis, shape] : {std::pair{0, Shape{1, 120}}, {1, {2, 60}}, {4, {120, 1}}})
    EXPECT_EQ(run_operator("Flatten", {x}, {{"axis", std::int64_t{axis}}})[0].shape(), shape);
  EXPECT_EQ(run_operator("Flatten", {make_tensor<float>({}, {1})}, {{"axis", std::int64_t{0}}})[0]
                .shape(),
            (Shape{1, 1}));
}

TEST(Flatten, RefusesOtherAxes) {
  const Tensor x(DataType::Float, {2, 3});
  for (std::int64_t axis : {std::int64_t{3}, std::int64_t{-3}, INT64_MAX, INT64_MIN})
    expect_error(ErrorCode::MalformedModel, "attribute 'axis': expected a value in [-2, 2]", [&] {
      run_operator("Flatten", {x}, {{"axis", axis}});
    });
}

}  // namespace
}  // namespace keel::test
