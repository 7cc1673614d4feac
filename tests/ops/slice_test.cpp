#include <gtest/gtest.h>

#include "runtime/tensor.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Slice, BoundsAreClampedAsNumpyDoes) {
  struct Row {
    std::int64_t start, end, step;
  };
  const Row rows[] = {
      {0, 7, 1},           {2, 5, 1},         {-3, -1, 1},
      {5, 2, 1},           {0, INT64_MAX, 3}, {INT64_MIN, INT64_MAX, 1},
      {-1, INT64_MIN, -1}, {6, 0, -2},        {INT64_MAX, INT64_MIN, -3},
      {3, 4, INT64_MAX},   {6, 0, INT64_MIN}, {1, 7, INT64_MAX},
      {7, 7, 1},           {-100, 100, 2},    {100, -100, -2},
      {2, 2, -1},          {0, -7, 1},
  };
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {2, 7, 3});
  for (const Row& row : rows) {
    SCOPED_TRACE(to_string({row.start, row.end, row.step}));
    check_operator("Slice", {x, ints({row.start}), ints({row.end}), ints({1}), ints({row.step})});
  }
}

TEST(Slice, SeveralAxesInAnyOrder) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Int16, {5, 6, 7}, 0, 99);
  check_operator("Slice", {x, ints({1, 2}), ints({4, 9})});
  check_operator("Slice", {x, ints({1, 2}), ints({4, 0}), ints({2, 0}), ints({2, -1})});
  check_operator("Slice", {x, ints({-2}), ints({INT64_MAX}), ints({-1})});
  check_operator("Slice", {x, ints({}), ints({})});
  const auto narrow = [](std::int32_t value) { return make_tensor<std::int32_t>({1}, {value}); };
  check_operator("Slice", {x, narrow(1), narrow(4), narrow(-1), narrow(2)});
  check_operator("Slice", {make_tensor<std::string>({3}, {"a", "b", "c"}), ints({2}),
                           ints({INT64_MIN}), ints({0}), ints({-1})});
  check_operator("Slice", {Tensor(DataType::Float, {0, 3}), ints({0}), ints({5})});
}

TEST(Slice, RefusesWrongLists) {
  const Tensor x(DataType::Float, {6, 2});
  const auto refused = [&](std::vector<Tensor> lists, ErrorCode code, const char* fragment) {
    lists.insert(lists.begin(), x);
    expect_error(code, fragment, [&] { run_operator("Slice", lists); });
  };
  refused({ints({0}), ints({1}), ints({0}), ints({0})}, ErrorCode::BadInput, "must not be 0");
  refused({ints({0}), ints({1, 2})}, ErrorCode::BadInput, "as many ends");
  refused({ints({0, 0}), ints({1, 1}), ints({0, -2})}, ErrorCode::BadInput, "appears twice");
  refused({ints({0}), ints({1}), ints({2})}, ErrorCode::BadInput, "expected values in [-2, 1]");
  refused({ints({0, 0, 0}), ints({1, 1, 1})}, ErrorCode::BadInput, "3 values for a tensor of rank");
  refused({make_tensor<float>({1}, {0}), ints({1})}, ErrorCode::Unsupported, "type float");
}

}  // namespace
}  // namespace keel::test
