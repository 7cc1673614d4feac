#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(7);

const char* const kReductions[] = {"ReduceSum",       "ReduceMean",     "ReduceMax", "ReduceMin",
                                   "ReduceProd",      "ReduceL1",       "ReduceL2",  "ReduceLogSum",
                                   "ReduceLogSumExp", "ReduceSumSquare"};

Tensor axes_of(const std::vector<std::int64_t>& axes) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(axes.size())}, axes);
}

TEST(Reduce, EveryKindOverEveryPlaceOfTheAxes) {
  const std::vector<std::vector<std::int64_t>> axes = {{0},    {1},    {-1},        {0, 2},
                                                       {1, 3}, {2, 3}, {0, 1, 2, 3}};
  for (const char* op : kReductions)
    for (const auto& list : axes)
      for (std::int64_t keep : {0, 1})
        check_operator(
            op, {random_tensor(source, DataType::Float, {3, 5, 2, 17}, 0.9, 1.1), axes_of(list)},
            {{"keepdims", keep}});
}

TEST(Reduce, WideRowsUseStripsAndLanes) {
  for (const char* op : {"ReduceSum", "ReduceMax", "ReduceLogSumExp"})
    for (std::int64_t width : {1, 7, 8, 9, 255, 256, 257, 1009}) {
      check_operator(op, {random_tensor(source, DataType::Float, {3, width}), axes_of({0})});
      check_operator(op, {random_tensor(source, DataType::Float, {3, width}), axes_of({1})});
    }
}

TEST(Reduce, IntegersAndDoubles) {
  for (DataType type : {DataType::Double, DataType::Int32, DataType::Int64, DataType::Uint32})
    for (const char* op : {"ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSumSquare"})
      check_operator(op, {random_tensor(source, type, {4, 3, 5}, 0, 6), axes_of({1})});
}

TEST(Reduce, EmptyAxesMeanAllOrNone) {
  const Tensor x = random_tensor(source, DataType::Float, {2, 3});
  check_operator("ReduceSum", {x});
  check_operator("ReduceSum", {x}, {{"noop_with_empty_axes", std::int64_t{1}}});
}

TEST(Reduce, EmptySetsGiveTheNeutralElement) {
  const Tensor x(DataType::Float, {2, 0, 4});
  for (const char* op : {"ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin"})
    check_operator(op, {x, axes_of({1})});
}

TEST(Reduce, LargeOffsetsDoNotOverflowLogSumExp) {
  check_operator(
      "ReduceLogSumExp",
      {make_tensor<float>({2, 3}, {1e4f, 1e4f, 9999, -1e4f, -1e4f, -1e4f}), axes_of({1})});
}

TEST(Reduce, RefusesAxesOutOfRangeAndTwice) {
  const Tensor x = random_tensor(source, DataType::Float, {2, 3});
  EXPECT_THROW(run_operator("ReduceSum", {x, axes_of({2})}), Error);
  EXPECT_THROW(run_operator("ReduceSum", {x, axes_of({0, -2})}), Error);
}

}  // namespace
}  // namespace keel::test
