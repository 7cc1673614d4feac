#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor count(std::int64_t k) { return make_tensor<std::int64_t>({1}, {k}); }

CheckOptions two_outputs() {
  CheckOptions options;
  options.outputs = 2;
  return options;
}

TEST(TopK, EveryAxisAndTypeWithTies) {
  Random random(1);
  for (DataType type : {DataType::Float, DataType::Double, DataType::Int8, DataType::Uint8,
                        DataType::Int32, DataType::Int64, DataType::Uint64, DataType::Float16})
    for (std::int64_t axis = -2; axis < 2; ++axis)
      for (std::int64_t largest : {0, 1})
        for (std::int64_t k : {0, 1, 3, 5})
          check_operator("TopK", {random_tensor(random, type, {5, 7}, 0, 4), count(k)},
                         {{"axis", axis}, {"largest", largest}}, two_outputs());
}

TEST(TopK, LongRows) {
  Random random(1);
  for (std::int64_t k : {1, 5, 100, 999, 1000})
    check_operator("TopK", {random_tensor(random, DataType::Float, {12, 1000}), count(k)}, {},
                   two_outputs());
}

TEST(TopK, OrderOfSpecialNumbers) {
  const Tensor x = make_tensor<float>({7}, {-0.0f, NAN, 1, INFINITY, 0, -INFINITY, NAN});
  const std::vector<Tensor> y = run_operator("TopK", {x, count(7)}, {}, 2);
  EXPECT_EQ(
      std::vector<std::int64_t>(y[1].data_as<std::int64_t>(), y[1].data_as<std::int64_t>() + 7),
      (Ints{1, 6, 3, 2, 0, 4, 5}));
  const std::vector<Tensor> z =
      run_operator("TopK", {x, count(7)}, {{"largest", std::int64_t{0}}}, 2);
  EXPECT_EQ(
      std::vector<std::int64_t>(z[1].data_as<std::int64_t>(), z[1].data_as<std::int64_t>() + 7),
      (Ints{5, 0, 4, 2, 3, 1, 6}));
}

TEST(TopK, RefusesWrongCounts) {
  const Tensor x(DataType::Float, {3, 4});
  const auto refused = [&](const Tensor& k, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("TopK", {x, k}, {}, 2); });
  };
  refused(count(5), ErrorCode::BadInput, "expected 0 to 4, the size of axis 1, got 5");
  refused(count(-1), ErrorCode::BadInput, "got -1");
  refused(make_tensor<std::int64_t>({2}, {1, 1}), ErrorCode::BadInput, "one element");
  expect_error(ErrorCode::Unsupported, "bool", [&] {
    run_operator("TopK", {Tensor(DataType::Bool, {3}), count(1)}, {}, 2);
  });
}

}  // namespace
}  // namespace keel::test
