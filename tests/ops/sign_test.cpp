#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr DataType kSigned[] = {DataType::Float,    DataType::Double, DataType::Float16,
                                DataType::BFloat16, DataType::Int8,   DataType::Int16,
                                DataType::Int32,    DataType::Int64};
constexpr DataType kUnsigned[] = {DataType::Uint8, DataType::Uint16, DataType::Uint32,
                                  DataType::Uint64};

TEST(Sign, AgreesWithTheOracleOnEveryType) {
  for (const char* op : {"Abs", "Neg", "Sign"}) {
    Random random(1);
    for (const DataType type : kSigned) {
      check_operator(op, {random_tensor(random, type, {3, 19}, -3, 3)});
      check_operator(op, {random_tensor(random, type, {2, 0, 2}, -3, 3)});
    }
    for (const DataType type : kUnsigned) {
      if (std::string(op) == "Neg")
        EXPECT_THROW(run_operator(op, {random_tensor(random, type, {2}, 0, 3)}), Error);
      else
        check_operator(op, {random_tensor(random, type, {5, 5}, 0, 3)});
    }
  }
}

template <typename T>
void lowest_integer_wraps() {
  const T lowest = std::numeric_limits<T>::min();
  const Tensor x = make_tensor<T>({1}, {lowest});
  EXPECT_EQ(run_operator("Abs", {x})[0].data_as<T>()[0], lowest);
  EXPECT_EQ(run_operator("Neg", {x})[0].data_as<T>()[0], lowest);
  EXPECT_EQ(run_operator("Sign", {x})[0].data_as<T>()[0], T(-1));
}

TEST(Sign, LowestIntegerWraps) {
  lowest_integer_wraps<std::int8_t>();
  lowest_integer_wraps<std::int16_t>();
  lowest_integer_wraps<std::int32_t>();
  lowest_integer_wraps<std::int64_t>();
}

TEST(Sign, ZerosAndNan) {
  for (const char* op : {"Abs", "Neg", "Sign"}) {
    check_operator(op, {make_tensor<float>({5}, {0, -0.0f, NAN, INFINITY, -INFINITY})});
    check_operator(op, {make_tensor<double>({5}, {0, -0.0, NAN, INFINITY, -INFINITY})});
  }
}

}  // namespace
}  // namespace keel::test
