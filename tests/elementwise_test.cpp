// Elementwise operators on blocked tensors, their choice of layouts, and threads.
#include "runtime/elementwise.h"

#include <gtest/gtest.h>

#include "simd/dispatch.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

struct BlockedRow {
  Shape a, b;
  std::uint32_t blocked;  // inputs that lie blocked
};

const BlockedRow kBlockedRows[] = {
    {{2, 20, 3, 5}, {2, 20, 3, 5}, 3},
    {{2, 20, 3, 5}, {1, 20, 1, 1}, 3},
    {{2, 20, 1, 1}, {2, 20, 3, 5}, 3},
    {{1, 16, 1, 1}, {}, 1},
    {{1, 3, 1, 1}, {1, 1, 1, 1}, 1},
    {{}, {1, 16, 1, 1}, 2},
    {{1}, {2, 33, 7}, 2},
    {{2, 33, 4, 3, 2}, {1, 33, 4, 1, 2}, 3},
    {{1, 33, 4}, {3, 33, 1}, 3},
    {{2, 16, 40, 40}, {2, 16, 1, 1}, 3},
    {{2, 5, 0}, {1, 5, 1}, 3},
    {{2, 20, 3, 5}, {1, 20, 3, 5}, 3},
};

TEST(ElementwiseOperators, BlockedBinaryIsThePlainOne) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "PRelu"})
    for (const BlockedRow& row : kBlockedRows) {
      if (std::string(op) == "PRelu" && broadcast(Node{}, row.a, row.b) != row.a) continue;
      const Tensor a = seeded(1, row.a, -2, 2);
      const Tensor b = seeded(2, row.b, 1, 2);
      const Tensor plain = run_op(op, {a, b})[0];
      for (const simd::KernelTable* table : own_tables())
        for (const int threads : {1, 3}) {
          const RunSettings settings = {row.blocked, 1, 3, threads, table->isa};
          expect_close(run_op(op, {a, b}, {}, 1, settings)[0], plain, 1e-6,
                       std::string(op) + to_string(row.a) + to_string(row.b) + table->isa);
        }
    }
}

TEST(ElementwiseOperators, BlockedUnaryIsThePlainOne) {
  for (const char* op : {"Relu", "Sigmoid", "Exp", "Neg", "Clip", "Shrink"})
    for (const Shape& shape : {Shape{2, 20, 3, 5}, Shape{1, 16, 40, 40}, Shape{1, 1, 1}}) {
      const Tensor x = seeded(1, shape, -2, 2);
      expect_close(run_op(op, {x}, {}, 1, {1, 1, 1, 3})[0], run_op(op, {x})[0], 0, op);
    }
}

TEST(ElementwiseOperators, EpilogueOfBinaryOperators) {
  const Tensor a = seeded(1, {2, 20, 3, 5}), b = seeded(2, {1, 20, 1, 1});
  for (const char* op : {"Add", "Sub", "Mul"}) {
    Node node = make_node(op, {}, 2);
    const Tensor before = run_node_as(node, {a, b})[0];
    for (const auto& [name, kind] : {std::pair{"Relu", simd::ActivationKind::Relu},
                                     {"Sigmoid", simd::ActivationKind::Sigmoid}}) {
      node.epilogue.activation.kind = kind;
      const Tensor expected = run_op(name, {before})[0];
      expect_close(run_node_as(node, {a, b})[0], expected, 1e-7, op);
      expect_close(run_node_as(node, {a, b}, {3, 1, 3, 2})[0], expected, 1e-7, op);
    }
    const Tensor integer = make_tensor<std::int32_t>({1}, {1});
    expect_error(ErrorCode::Unsupported, "epilogue", [&] {
      run_node_as(node, {integer, integer});
    });
  }
}

TEST(ElementwiseOperators, BlockedVariadicIsThePlainOne) {
  std::vector<Tensor> inputs;
  for (unsigned seed = 0; seed < 3; ++seed) inputs.push_back(seeded(seed, {2, 20, 30, 5}));
  for (const char* op : {"Min", "Max", "Sum", "Mean"})
    expect_close(run_op(op, inputs, {}, 1, {7, 1, 7, 3})[0], run_op(op, inputs)[0], 0, op);
}

std::vector<double> as_doubles(const Tensor& tensor) {
  const Tensor wide =
      run_op("Cast", {tensor}, {{"to", static_cast<std::int64_t>(DataType::Double)}})[0];
  return {wide.data_as<double>(), wide.data_as<double>() + wide.size()};
}

// One operand of few elements repeats along the other, whose rows the kernel then joins.
TEST(ElementwiseOperators, ShortRowsAreJoined) {
  for (const std::int64_t width : {2, 3, 5, 63})
    for (const DataType type : {DataType::Float, DataType::Int8, DataType::Int64}) {
      const Tensor a = seeded(1, {2, 7001, width}, 1, 100, type);
      for (const Shape& shape : {Shape{width}, Shape{2, 1, width}}) {
        const Tensor b = seeded(2, shape, 1, 100, type);
        const std::vector<double> x = as_doubles(a), y = as_doubles(b);
        const std::int64_t repeat = shape.size() == 1 ? 0 : width;
        for (const int threads : {1, 3}) {
          const auto above = as_doubles(run_op("Greater", {a, b}, {}, 1, {0, 0, 3, threads})[0]);
          const auto below = as_doubles(run_op("Less", {b, a}, {}, 1, {0, 0, 3, threads})[0]);
          for (std::size_t i = 0; i < x.size(); ++i) {
            const auto row = static_cast<std::int64_t>(i) / (7001 * width);
            const double other = y[row * repeat + static_cast<std::int64_t>(i) % width];
            ASSERT_EQ(above[i] != 0, x[i] > other) << i;
            ASSERT_EQ(below[i] != 0, x[i] > other) << i;
          }
        }
      }
    }
}

// Sizes beyond the grain, cut at places that no row ends at.
TEST(ElementwiseOperators, ThreadsDoNotChangeBits) {
  const Tensor a = seeded(1, {7, 1001, 13}), b = seeded(2, {1001, 1}, 1, 2);
  for (const char* op : {"Add", "Div"}) {
    const Tensor serial = run_op(op, {a, b})[0];
    for (const int threads : {2, 3, 8})
      expect_same(run_op(op, {a, b}, {}, 1, {0, 0, 3, threads})[0], serial, op);
  }
  const Tensor serial = run_op("Tanh", {a})[0];
  for (const int threads : {2, 3, 8})
    expect_same(run_op("Tanh", {a}, {}, 1, {0, 0, 1, threads})[0], serial);
}

struct LayoutRow {
  std::vector<Shape> inputs;
  Shape result;
  std::uint64_t blocked, expected;  // inputs that lie blocked; that are wanted blocked
};

TEST(ElementwiseOperators, LayoutFollowsTheOperands) {
  const LayoutRow rows[] = {
      {{{2, 20, 3, 5}, {2, 20, 3, 5}}, {2, 20, 3, 5}, 0, 0},
      {{{2, 20, 3, 5}, {2, 20, 3, 5}}, {2, 20, 3, 5}, 1, 3},
      {{{2, 20, 3, 5}, {2, 20, 1, 1}}, {2, 20, 3, 5}, 2, 3},
      {{{2, 20, 3, 5}, {20, 1, 1}}, {2, 20, 3, 5}, 1, 3},
      {{{2, 20, 3, 5}, {20, 3, 5}}, {2, 20, 3, 5}, 3, 0},  // blocked along the wrong axis
      {{{2, 20, 3, 5}, {}}, {2, 20, 3, 5}, 1, 1},
      {{{2, 20, 3, 5}, {1, 1, 1, 1}}, {2, 20, 3, 5}, 3, 1},
      {{{2, 20, 3, 5}, {3, 5}}, {2, 20, 3, 5}, 1, 0},
      {{{2, 20, 3, 5}, {2, 1, 3, 5}}, {2, 20, 3, 5}, 1, 0},
      {{{-2, 20, -1, -1}, {-2, 20, -1, -1}}, {-2, 20, -1, -1}, 1, 3},
      {{{2, -1, 3, 5}, {2, -1, 3, 5}}, {2, -1, 3, 5}, 1, 0},
  };
  for (const LayoutRow& row : rows) {
    const Node node = make_node("Add", {}, row.inputs.size());
    LayoutQuery query{node, {}, {{DataType::Float, true, row.result}}, {}, row.blocked};
    for (const Shape& dims : row.inputs) query.inputs.push_back({DataType::Float, true, dims});
    const LayoutChoice choice = broadcast_layout(query);
    EXPECT_EQ(choice.blocked_inputs, row.expected);
    EXPECT_EQ(choice.blocked_outputs, row.expected != 0 ? 1u : 0u);
  }
}

TEST(ElementwiseOperators, InfersUnknownDims) {
  const auto dims = [](const char* op, const Shape& a, const Shape& b) {
    return infer_op(op, {{DataType::Float, true, a}, {DataType::Float, true, b}})[0].dims;
  };
  EXPECT_EQ(dims("Add", {-2, 3}, {-2, 1}), (Shape{-2, 3}));
  EXPECT_EQ(dims("Add", {-2, 1}, {-3}), (Shape{-2, -3}));
  EXPECT_EQ(dims("Mul", {-1, 4}, {5, 4}), (Shape{5, 4}));
  EXPECT_EQ(dims("Less", {-2}, {-3}), (Shape{-1}));
  EXPECT_EQ(dims("PRelu", {-2, 3, -1}, {3, 1}), (Shape{-2, 3, -1}));
}

}  // namespace
}  // namespace keel::test
