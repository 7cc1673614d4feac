// Softmax, LogSoftmax, Hardmax against the oracle.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

const char* const kOps[] = {"Softmax", "LogSoftmax", "Hardmax"};

TEST(Softmax, MatchesOracle) {
  for (const char* op : kOps)
    for (DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
      const Tensor x = seeded(3, {3, 33, 4}, -8, 8, type);
      for (std::int64_t axis : {-3, -1, 0, 1, 2}) check_operator(op, {x}, {{"axis", axis}});
      for (std::int64_t axis : {-2, 0, 1, 3})
        check_operator(op, {x}, {{"axis", axis}, {"flatten", std::int64_t{1}}});
      check_operator(op, {seeded(4, {3, 1000}, -8, 8, type)});
      check_operator(op, {seeded(4, {1, 1}, -8, 8, type)});
      check_operator(op, {seeded(4, {2, 0}, -8, 8, type)});
      check_operator(op, {seeded(4, {0, 3}, -8, 8, type)});
    }
}

TEST(Softmax, LargeNumbersAndInfinities) {
  for (double offset : {-1e4, 1e4, 3e38}) {
    Tensor x = make_tensor<float>({2, 3}, {0, 1, 2, 3, 4, 5});
    for (int i = 0; i < 6; ++i) x.data_as<float>()[i] += static_cast<float>(offset);
    for (const char* op : kOps) check_operator(op, {x}, {}, {1, 1e-6});
  }
  const float inf = INFINITY;
  const Tensor masked = make_tensor<float>({2, 3}, {-inf, 1, -inf, 0, -inf, 1});
  for (const char* op : kOps) check_operator(op, {masked});
  const Tensor nothing = make_tensor<float>({1, 2}, {-inf, -inf});
  EXPECT_TRUE(std::isnan(run_op("Softmax", {nothing})[0].data_as<float>()[0]));
}

TEST(Softmax, RefusesMalformedNodes) {
  expect_error(ErrorCode::MalformedModel, "axis", [] {
    infer_op("Softmax", {type_of({2, 3})}, {{"axis", std::int64_t{2}}});
  });
  expect_error(ErrorCode::Unsupported, "int32", [] {
    infer_op("Softmax", {type_of({2, 3}, DataType::Int32)});
  });
}

}  // namespace
}  // namespace keel::test
