#include <gtest/gtest.h>

#include <cmath>

#include "runtime/half.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

Tensor specials(DataType type) {
  const float values[] = {NAN, INFINITY, -INFINITY, 0, -1, 3};
  if (type == DataType::Float) return make_tensor<float>({2, 3}, {values, values + 6});
  if (type == DataType::Double) return make_tensor<double>({2, 3}, {values, values + 6});
  Tensor tensor(type, {2, 3});
  narrow(type, values, tensor.data(), 6, false);
  return tensor;
}

void expect_bools(const Tensor& got, const std::vector<bool>& want) {
  ASSERT_EQ(got.type(), DataType::Bool);
  ASSERT_EQ(got.shape(), (Shape{2, 3}));
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got.data_as<bool>()[i], want[i]) << i;
}

TEST(IsNan, OnEveryFloatingType) {
  for (const DataType type : {DataType::Float, DataType::Double, DataType::Float16,
                              DataType::BFloat16, DataType::Float8E5M2}) {
    SCOPED_TRACE(std::string(data_type_name(type)));
    const Tensor x = specials(type);
    expect_bools(run_operator("IsNaN", {x})[0], {true, false, false, false, false, false});
    expect_bools(run_operator("IsInf", {x})[0], {false, true, true, false, false, false});
    expect_bools(run_operator("IsInf", {x}, {{"detect_negative", std::int64_t{0}}})[0],
                 {false, true, false, false, false, false});
    expect_bools(run_operator("IsInf", {x}, {{"detect_positive", std::int64_t{0}}})[0],
                 {false, false, true, false, false, false});
  }
  // A type without infinities turns them into NaN.
  expect_bools(run_operator("IsNaN", {specials(DataType::Float8E4M3FNUZ)})[0],
               {true, true, true, false, false, false});
}

TEST(IsNan, ThroughModels) {
  for (const DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
    check_operator("IsNaN", {specials(type)});
    check_operator("IsInf", {specials(type)});
  }
  EXPECT_THROW(run_operator("IsNaN", {make_tensor<std::int32_t>({1}, {1})}), Error);
}

}  // namespace
}  // namespace keel::test
