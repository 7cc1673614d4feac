#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Squeeze, DropsTheAxesGivenOrAll) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {1, 3, 1, 4, 1});
  for (const Ints& axes : {Ints{0}, Ints{-1}, Ints{4, 0}, Ints{0, 2, 4}, Ints{}})
    check_operator("Squeeze", {x, ints(axes)});
  check_operator("Squeeze", {x});
  EXPECT_EQ(run_operator("Squeeze", {x})[0].shape(), (Shape{3, 4}));
  EXPECT_EQ(run_operator("Squeeze", {x, ints({-3, 4})})[0].shape(), (Shape{1, 3, 4}));
}

TEST(Unsqueeze, AddsAxesOfTheResult) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Int32, {3, 4}, 0, 9);
  for (const Ints& axes : {Ints{0}, Ints{2}, Ints{-1}, Ints{3, 0}, Ints{0, 1, 2}, Ints{}})
    check_operator("Unsqueeze", {x, ints(axes)});
  EXPECT_EQ(run_operator("Unsqueeze", {x, ints({3, 0})})[0].shape(), (Shape{1, 3, 4, 1}));
  check_operator("Unsqueeze", {make_tensor<float>({}, {1}), ints({0})});
}

TEST(Squeeze, RefusesWrongAxes) {
  const Tensor x(DataType::Float, {1, 3});
  const auto refused = [&](const char* op, const Ints& axes, const char* fragment,
                           ErrorCode code = ErrorCode::BadInput) {
    expect_error(code, fragment, [&] { run_operator(op, {x, ints(axes)}); });
  };
  refused("Squeeze", {1}, "axis 1: expected size 1, got 3");
  refused("Squeeze", {2}, "expected values in [-2, 1], got 2");
  refused("Squeeze", {0, -2}, "axis 0 appears twice");
  refused("Squeeze", {INT64_MIN}, "expected values");
  refused("Unsqueeze", {3}, "expected values in [-3, 2], got 3");
  refused("Unsqueeze", {0, 0}, "appears twice");
  refused("Unsqueeze", Ints(1000, 0), "rank 1000", ErrorCode::Unsupported);
}

}  // namespace
}  // namespace keel::test
