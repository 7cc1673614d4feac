#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(OneHot, EveryAxisAndType) {
  Random random(1);
  const Tensor depth = make_tensor<std::int64_t>({}, {4});
  for (std::int64_t axis = -3; axis < 3; ++axis)
    for (DataType type : {DataType::Int64, DataType::Int32, DataType::Float, DataType::Int8}) {
      const Tensor indices = random_tensor(random, type, {2, 5}, -6, 6);
      check_operator("OneHot", {indices, depth, make_tensor<float>({2}, {-1, 2})},
                     {{"axis", axis}});
      check_operator("OneHot", {indices, depth, make_tensor<bool>({2}, {false, true})},
                     {{"axis", axis}});
    }
  check_operator("OneHot", {make_tensor<std::int64_t>({}, {1}), make_tensor<float>({1}, {3}),
                            make_tensor<std::int64_t>({2}, {5, 6})});
  check_operator("OneHot", {Tensor(DataType::Int64, {0}), depth, make_tensor<float>({2}, {0, 1})});
}

TEST(OneHot, NoIndexIsNoNumber) {
  const Tensor y = run_operator(
      "OneHot", {make_tensor<float>({3}, {NAN, INFINITY, 1e30f}),
                 make_tensor<std::int64_t>({}, {2}), make_tensor<float>({2}, {0, 1})})[0];
  for (std::int64_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.data_as<float>()[i], 0);
}

TEST(OneHot, RefusesWrongDepths) {
  const Tensor indices(DataType::Int64, {2}), values(DataType::Float, {2});
  const auto refused = [&](const Tensor& depth, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("OneHot", {indices, depth, values}); });
  };
  refused(make_tensor<std::int64_t>({}, {0}), ErrorCode::BadInput, "depth");
  refused(make_tensor<float>({}, {NAN}), ErrorCode::BadInput, "depth");
  refused(make_tensor<std::int64_t>({2}, {1, 2}), ErrorCode::BadInput, "one element");
  refused(make_tensor<std::int64_t>({}, {INT64_MAX}), ErrorCode::ResourceLimit, "");
  refused(make_tensor<std::int64_t>({}, {std::int64_t{1} << 50}), ErrorCode::ResourceLimit, "");
  expect_error(ErrorCode::BadInput, "off and on", [&] {
    run_operator("OneHot",
                 {indices, make_tensor<std::int64_t>({}, {2}), Tensor(DataType::Float, {3})});
  });
}

}  // namespace
}  // namespace keel::test
