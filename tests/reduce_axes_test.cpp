// The walk over reduced and kept axes, and reductions of blocked tensors.
#include "runtime/reduce_axes.h"

#include <gtest/gtest.h>

#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(AxisWalk, VisitsEveryPositionFromAnyStart) {
  const AxisGroup groups[] = {{{}, {}, 1},
                              {{3}, {7}, 3},
                              {{2, 3}, {100, 10}, 6},
                              {{2, 1, 4, 3}, {1000, 500, 20, 5}, 24},
                              {{}, {}, 5}};
  for (const AxisGroup& group : groups) {
    std::vector<std::int64_t> expected = {0};
    for (std::size_t axis = 0; axis < group.dims.size(); ++axis) {
      std::vector<std::int64_t> longer;
      for (const std::int64_t offset : expected)
        for (std::int64_t i = 0; i < group.dims[axis]; ++i)
          longer.push_back(offset + i * group.strides[axis]);
      expected = longer;
    }
    if (group.dims.empty()) expected.assign(static_cast<std::size_t>(group.count), 0);
    for (std::int64_t start = 0; start <= group.count; ++start) {
      std::vector<std::int64_t> got;
      for (AxisWalk walk(group, start); walk.left > 0; walk.next()) got.push_back(walk.offset);
      EXPECT_EQ(got, std::vector<std::int64_t>(expected.begin() + start, expected.end()));
    }
  }
}

TEST(ReduceSplit, MergesNeighbours) {
  const ReduceSplit inner = reduce_split({2, 3, 4, 5}, {false, false, true, true});
  EXPECT_EQ(inner.kept.dims, (Shape{6}));
  EXPECT_EQ(inner.reduced.dims, (Shape{}));
  EXPECT_EQ(inner.run, 20);
  EXPECT_TRUE(inner.run_reduced);
  const ReduceSplit outer = reduce_split({2, 3, 1, 4, 5}, {true, false, true, true, false});
  EXPECT_EQ(outer.kept.dims, (Shape{3}));
  EXPECT_EQ(outer.reduced.dims, (Shape{2, 4}));
  EXPECT_EQ(outer.run, 5);
  EXPECT_FALSE(outer.run_reduced);
}

TEST(ReduceBlocked, IsThePlainOne) {
  for (const char* op : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2", "ReduceLogSumExp"})
    for (const Shape& shape : {Shape{2, 20, 3, 5}, Shape{1, 16, 7}, Shape{3, 3, 2, 2, 2}}) {
      std::vector<std::int64_t> spatial;
      for (std::size_t i = 2; i < shape.size(); ++i)
        spatial.push_back(static_cast<std::int64_t>(i));
      const Tensor x = seeded(1, shape);
      const Tensor axes =
          make_tensor<std::int64_t>({static_cast<std::int64_t>(spatial.size())}, spatial);
      for (const std::int64_t keep : {0, 1}) {
        const Attributes attributes = {{"keepdims", keep}};
        const Tensor plain = run_op(op, {x, axes}, attributes)[0];
        for (const int threads : {1, 3}) {
          const RunSettings settings = {1, static_cast<std::uint32_t>(keep), 1, threads};
          expect_close(run_op(op, {x, axes}, attributes, 1, settings)[0], plain, 1e-6, op);
        }
      }
    }
}

TEST(ReduceBlocked, IsChosenForTheSpatialAxesOnly) {
  const OpDef& op = op_of(make_node("ReduceMean", {}, 2));
  struct Row {
    std::vector<std::int64_t> axes;
    std::int64_t keep;
    std::uint64_t inputs, outputs;
  };
  const Row rows[] = {{{2, 3}, 1, 1, 1}, {{-1, -2}, 1, 1, 1}, {{2, 3}, 0, 1, 0},
                      {{1}, 1, 0, 0},    {{3}, 1, 0, 0},      {{0, 2, 3}, 1, 0, 0}};
  for (const Row& row : rows) {
    const Node node = make_node("ReduceMean", {{"keepdims", row.keep}}, 2);
    const Tensor axes =
        make_tensor<std::int64_t>({static_cast<std::int64_t>(row.axes.size())}, row.axes);
    LayoutQuery query{node,
                      {{DataType::Float, true, {-2, 20, -1, 5}}, {DataType::Int64, true, {2}}},
                      {{DataType::Float, true, Shape(row.keep != 0 ? 4 : 2, 1)}},
                      {nullptr, &axes},
                      1};
    EXPECT_EQ(op.layout(query).blocked_inputs, row.inputs);
    EXPECT_EQ(op.layout(query).blocked_outputs, row.outputs);
    query.values[1] = nullptr;
    EXPECT_EQ(op.layout(query).blocked_inputs, 0u);
  }
}

// The axes are known to the run alone; results of several rows and strips on several threads.
TEST(Reduce, AxesOfTheRunAndThreads) {
  const Tensor x = seeded(1, {3, 400, 130});
  for (const std::int64_t axis : {0, 1, 2}) {
    const Tensor axes = make_tensor<std::int64_t>({1}, {axis});
    const Tensor serial = run_op("ReduceSum", {x, axes})[0];
    for (const int threads : {2, 3, 8})
      expect_same(run_op("ReduceSum", {x, axes}, {}, 1, {0, 0, 1, threads})[0], serial);
  }
}

}  // namespace
}  // namespace keel::test
