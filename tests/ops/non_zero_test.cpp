#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(NonZero, EveryTypeAndRank) {
  Random random(1);
  for (DataType type : {DataType::Float, DataType::Double, DataType::Float16, DataType::Bool,
                        DataType::Int8, DataType::Uint16, DataType::Int32, DataType::Int64})
    for (const Shape& shape : {Shape{7}, Shape{3, 4}, Shape{2, 3, 4}, Shape{3, 0}})
      check_operator("NonZero", {random_tensor(random, type, shape, 0, 2)});
}

TEST(NonZero, ScalarsAndSpecialNumbers) {
  EXPECT_EQ(run_operator("NonZero", {make_tensor<float>({}, {2})})[0].shape(), (Shape{0, 1}));
  EXPECT_EQ(run_operator("NonZero", {make_tensor<float>({}, {0})})[0].shape(), (Shape{0, 0}));
  const Tensor y = run_operator("NonZero", {make_tensor<float>({4}, {-0.0f, NAN, 0, 1e-45f})})[0];
  EXPECT_EQ(y.shape(), (Shape{1, 2}));
  EXPECT_EQ(y.data_as<std::int64_t>()[1], 3);
  expect_error(ErrorCode::Unsupported, "string",
               [] { run_operator("NonZero", {make_tensor<std::string>({1}, {"a"})}); });
}

}  // namespace
}  // namespace keel::test
