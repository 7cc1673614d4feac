#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

template <typename T>
std::vector<Tensor> range(T start, T limit, T delta) {
  return {make_tensor<T>({}, {start}), make_tensor<T>({}, {limit}), make_tensor<T>({}, {delta})};
}

TEST(Range, EveryType) {
  check_operator("Range", range<float>(1, 5, 0.5f));
  check_operator("Range", range<float>(0, 1, 0.1f));
  check_operator("Range", range<float>(5, 1, -1.5f));
  check_operator("Range", range<double>(-1, 1, 0.3));
  check_operator("Range", range<std::int16_t>(-5, 10, 4));
  check_operator("Range", range<std::int32_t>(10, -6, -4));
  check_operator("Range", range<std::int64_t>(0, 100000, 1));
  check_operator("Range", range<std::int64_t>(3, 3, 1));
  check_operator("Range", range<std::int64_t>(3, 5, -1));
}

TEST(Range, ExtremesDoNotOverflow) {
  const Tensor y =
      run_operator("Range", range<std::int64_t>(INT64_MIN, INT64_MAX, std::int64_t{1} << 62))[0];
  ASSERT_EQ(y.shape(), (Shape{4}));
  EXPECT_EQ(y.data_as<std::int64_t>()[3], std::int64_t{1} << 62);
  EXPECT_EQ(run_operator("Range", range<std::int64_t>(INT64_MAX, INT64_MIN, INT64_MIN))[0].size(),
            2);
}

TEST(Range, RefusesHostileValues) {
  const auto refused = [](const std::vector<Tensor>& inputs, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("Range", inputs); });
  };
  refused(range<float>(0, 1, 0), ErrorCode::BadInput, "delta must not be 0");
  refused(range<std::int32_t>(0, 1, 0), ErrorCode::BadInput, "delta must not be 0");
  refused(range<float>(0, 1, NAN), ErrorCode::BadInput, "finite");
  refused(range<float>(0, INFINITY, 1), ErrorCode::BadInput, "finite");
  refused(range<float>(-INFINITY, 0, 1), ErrorCode::BadInput, "finite");
  refused(range<double>(0, 1e300, 1), ErrorCode::ResourceLimit, "too long");
  refused(range<std::int64_t>(INT64_MIN, INT64_MAX, 1), ErrorCode::ResourceLimit, "");
  refused(range<std::int64_t>(0, std::int64_t{1} << 60, 1), ErrorCode::ResourceLimit, "");
  refused({make_tensor<float>({}, {0}), make_tensor<double>({}, {1}), make_tensor<float>({}, {1})},
          ErrorCode::BadInput, "expected type float");
  refused(
      {make_tensor<float>({2}, {0, 0}), make_tensor<float>({}, {1}), make_tensor<float>({}, {1})},
      ErrorCode::BadInput, "expected a scalar");
}

}  // namespace
}  // namespace keel::test
