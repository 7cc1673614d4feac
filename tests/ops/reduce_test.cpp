#include <gtest/gtest.h>

#include <cmath>

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

TEST(Reduce, EveryTypeOfEveryKind) {
  for (const char* op : kReductions)
    for (const DataType type :
         {DataType::Double, DataType::Float16, DataType::BFloat16, DataType::Int32, DataType::Int64,
          DataType::Uint32, DataType::Uint64})
      for (const std::int64_t axis : {1, 2})
        check_operator(op, {random_tensor(source, type, {4, 3, 5}, 1, 3), axes_of({axis})});
  for (const char* op : {"ReduceMax", "ReduceMin"})
    for (const DataType type : {DataType::Int8, DataType::Uint8, DataType::Bool})
      check_operator(op, {random_tensor(source, type, {4, 3, 5}, 0, 9), axes_of({0, 2})});
  EXPECT_THROW(run_operator("ReduceSum", {make_tensor<bool>({1}, {true})}), Error);
}

TEST(Reduce, NanInfinitiesAndScalars) {
  const Tensor x = make_tensor<float>(
      {4, 3}, {1, NAN, 2, INFINITY, 1, 2, -INFINITY, -INFINITY, -INFINITY, INFINITY, -INFINITY, 0});
  for (const char* op : {"ReduceSum", "ReduceMax", "ReduceMin", "ReduceLogSumExp", "ReduceL1"})
    check_operator(op, {x, axes_of({1})});
  for (const char* op : kReductions) check_operator(op, {make_tensor<float>({}, {3})});
}

TEST(Reduce, TruthsOfAnyByte) {
  Tensor x(DataType::Bool, {2, 2});
  const unsigned char bytes[] = {2, 4, 0, 8};
  std::copy(bytes, bytes + 4, x.data_as<unsigned char>());
  const Tensor all = run_operator("ReduceMin", {x, axes_of({1})})[0];
  const Tensor any = run_operator("ReduceMax", {x, axes_of({1})})[0];
  EXPECT_EQ(all.data_as<unsigned char>()[0], 1);
  EXPECT_EQ(all.data_as<unsigned char>()[1], 0);
  EXPECT_EQ(any.data_as<unsigned char>()[0], 1);
  EXPECT_EQ(any.data_as<unsigned char>()[1], 1);
}

TEST(Reduce, EmptyAxesMeanAllOrNone) {
  const Tensor x = random_tensor(source, DataType::Float, {2, 3});
  check_operator("ReduceSum", {x});
  check_operator("ReduceSum", {x}, {{"noop_with_empty_axes", std::int64_t{1}}});
}

TEST(Reduce, EmptySetsGiveTheNeutralElement) {
  for (const char* op : kReductions) {
    check_operator(op, {Tensor(DataType::Float, {2, 0, 4}), axes_of({1})});
    // The logarithm of 0 is no integer.
    if (std::string(op).find("Log") == std::string::npos)
      check_operator(op, {Tensor(DataType::Int32, {0, 3}), axes_of({0})});
    check_operator(op, {Tensor(DataType::Float, {2, 0, 4}), axes_of({0})});
  }
  for (const char* op : {"ReduceMax", "ReduceMin"})
    check_operator(op, {Tensor(DataType::Bool, {2, 0}), axes_of({1})});
}

// Nothing may be done, or kept, for each position of an axis beside an empty one.
TEST(Reduce, HugeAxesOfEmptyTensors) {
  const Tensor x(DataType::Float, {std::int64_t{1} << 40, 0});
  EXPECT_EQ(run_operator("ReduceSum", {x, axes_of({0})})[0].shape(), (Shape{1, 0}));
  EXPECT_EQ(run_operator("ReduceSum", {x, axes_of({0, 1})})[0].data_as<float>()[0], 0);
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
