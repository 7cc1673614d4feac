#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

// The identity's grid makes GridSample give its input back.
TEST(AffineGrid, IdentitySamplesEveryElement) {
  Random random(1);
  const Tensor plane = make_tensor<float>({1, 2, 3}, {1, 0, 0, 0, 1, 0});
  const Tensor volume = make_tensor<float>({1, 3, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  for (std::int64_t align : {0, 1})
    for (const Ints& size : {Ints{1, 2, 4, 5}, Ints{1, 2, 3, 4, 5}}) {
      const Attributes corners = {{"align_corners", align}};
      const Tensor grid =
          run_operator("AffineGrid", {size.size() == 4 ? plane : volume, ints(size)}, corners)[0];
      const Tensor x = random_tensor(random, DataType::Float, size);
      const Tensor y = run_operator("GridSample", {x, grid}, corners)[0];
      EXPECT_EQ(difference(y, x, {1e-5, 1e-5}), "");
    }
}

TEST(AffineGrid, AppliesTheMatrix) {
  const Tensor theta = make_tensor<double>({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor y = run_operator("AffineGrid", {theta, ints({1, 1, 2, 2})})[0];
  ASSERT_EQ(y.shape(), (Shape{1, 2, 2, 2}));
  EXPECT_DOUBLE_EQ(y.data_as<double>()[2], 0.5 - 1 + 3);   // x = 0.5, y = -0.5
  EXPECT_DOUBLE_EQ(y.data_as<double>()[5], -2 + 2.5 + 6);  // x = -0.5, y = 0.5
}

TEST(AffineGrid, RefusesWhatDoesNotFit) {
  const Tensor theta(DataType::Float, {2, 2, 3});
  const auto refused = [&](const Ints& size, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("AffineGrid", {theta, ints(size)}); });
  };
  refused({2, 1, 3}, ErrorCode::BadInput, "expected 4 or 5 values");
  refused({3, 1, 3, 3}, ErrorCode::BadInput, "theta: expected [3, 2, 3]");
  refused({2, 1, 3, 3, 3}, ErrorCode::BadInput, "theta: expected [2, 3, 4]");
  refused({2, 1, -3, 3}, ErrorCode::BadInput, "-3 is no size");
  refused({2, 1, std::int64_t{1} << 40, std::int64_t{1} << 40}, ErrorCode::ResourceLimit, "");
}

}  // namespace
}  // namespace keel::test
