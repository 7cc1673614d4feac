// Operators that move elements give in NCHW16c what they give in plain memory.
#include <gtest/gtest.h>

#include "runtime/error.h"
#include "runtime/movement.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

using Ints = std::vector<std::int64_t>;

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

void check_blocked(const std::string& op, const std::vector<Tensor>& inputs,
                   const Attributes& attributes, std::uint32_t blocked_inputs,
                   std::size_t outputs = 1) {
  const std::vector<Tensor> want = run_op(op, inputs, attributes, outputs);
  RunSettings blocked;
  blocked.blocked_inputs = blocked_inputs;
  blocked.blocked_outputs = (1u << outputs) - 1;
  for (int threads : {1, 3}) {
    blocked.threads = threads;
    const std::vector<Tensor> got = run_op(op, inputs, attributes, outputs, blocked);
    for (std::size_t i = 0; i < outputs; ++i) {
      std::string what = op;
      for (const Tensor& input : inputs) what += " " + to_string(input.shape());
      expect_same(got[i], want[i], what);
    }
  }
}

TEST(BlockedMovement, ConcatOfAnyChannels) {
  for (const Ints& channels : {Ints{16, 32}, Ints{16, 3}, Ints{3, 16}, Ints{24, 24}, Ints{58, 58},
                               Ints{1, 1, 1}, Ints{15, 17, 33}, Ints{8, 8, 16, 5}, Ints{40}})
    for (const Shape& rest : {Shape{2, 7}, Shape{1, 5, 6}, Shape{2, 1, 1}}) {
      std::vector<Tensor> inputs;
      for (std::int64_t c : channels) {
        Shape shape = {rest[0], c};
        shape.insert(shape.end(), rest.begin() + 1, rest.end());
        inputs.push_back(seeded(static_cast<std::uint64_t>(c), shape));
      }
      check_blocked("Concat", inputs, {{"axis", std::int64_t{1}}}, (1u << inputs.size()) - 1);
    }
  const std::vector<Tensor> inputs = {seeded(1, {2, 20, 3, 4}), seeded(2, {2, 20, 3, 2})};
  check_blocked("Concat", inputs, {{"axis", std::int64_t{-1}}}, 3);
}

TEST(BlockedMovement, SplitIntoAnyChannels) {
  for (const Ints& sizes : {Ints{16, 32}, Ints{58, 58}, Ints{3, 16, 5}, Ints{33, 15}, Ints{1, 1}}) {
    std::int64_t channels = 0;
    for (std::int64_t size : sizes) channels += size;
    check_blocked("Split", {seeded(7, {2, channels, 3, 5}), ints(sizes)},
                  {{"axis", std::int64_t{1}}}, 1, sizes.size());
  }
  check_blocked("Split", {seeded(7, {2, 20, 3, 4})}, {{"axis", std::int64_t{3}}}, 1, 2);
}

TEST(BlockedMovement, SliceOfChannelsAndSpace) {
  const Tensor x = seeded(7, {2, 50, 6, 7});
  struct Row {
    Ints starts, ends, axes, steps;
  };
  const Row rows[] = {
      {{0}, {32}, {1}, {1}},
      {{16}, {50}, {1}, {1}},
      {{3}, {20}, {1}, {1}},
      {{17}, {49}, {1}, {1}},
      {{1, 2}, {6, 7}, {2, 3}, {1, 1}},
      {{5, 6}, {-7, -8}, {2, 3}, {-2, -1}},
      {{1}, {2}, {0}, {1}},
      {{20, 1}, {36, 6}, {1, 3}, {1, 3}},
      {{49}, {50}, {1}, {1}},
  };
  for (const Row& row : rows)
    check_blocked("Slice", {x, ints(row.starts), ints(row.ends), ints(row.axes), ints(row.steps)},
                  {}, 1);
}

TEST(BlockedMovement, PadOfSpace) {
  const Tensor x = seeded(7, {2, 20, 6, 7});
  for (const char* mode : {"constant", "edge", "reflect", "wrap"})
    for (const Ints& pads : {Ints{0, 0, 1, 2, 0, 0, 3, 0}, Ints{0, 0, -1, 2, 0, 0, 2, -3},
                             Ints{0, 0, 0, 0, 0, 0, 0, 0}})
      check_blocked("Pad", {x, ints(pads), make_tensor<float>({}, {3})},
                    {{"mode", std::string(mode)}}, 1);
  check_blocked("Dropout", {x}, {}, 1);
}

// An input that lies in the output already is left alone.
TEST(BlockedMovement, ConcatInPlace) {
  const Shape part = {1, 16, 4};
  std::vector<Move> moves;
  add_blocked_moves(part, {{1, 32, 4}, {0, 16, 0}, {}}, {part, {0, 0, 0}, {}}, {{}, 0}, moves);
  ASSERT_EQ(moves.size(), 1u);
  const std::vector<float> memory(2 * 64, 1);  // written to, this would be undefined
  Parallel serial(1, nullptr, false);
  moves[0].copy.run(serial, const_cast<float*>(memory.data()), memory.data() + 64);
}

LayoutChoice choose(const std::string& op, const Attributes& attributes,
                    const std::vector<TensorType>& inputs, const std::vector<TensorType>& outputs,
                    const std::vector<const Tensor*>& values = {}, std::uint64_t blocked = 1) {
  const Node node = make_node(op, attributes, inputs.size(), outputs.size());
  return op_of(node).layout({node, inputs, outputs, values, blocked});
}

TEST(BlockedMovement, ChoiceOfLayout) {
  const auto type = [](Shape dims) { return TensorType{DataType::Float, true, std::move(dims)}; };
  const TensorType x = type({kUnknownDim, 32, 7, kUnknownDim}), vector = type({32});
  const Attributes axis_1 = {{"axis", std::int64_t{1}}};
  EXPECT_EQ(choose("Concat", axis_1, {x, x}, {x}).blocked_inputs, 3u);
  EXPECT_EQ(choose("Concat", axis_1, {x, x}, {x}).blocked_outputs, 1u);
  EXPECT_EQ(choose("Concat", axis_1, {x, x}, {x}, {}, 0).blocked_outputs, 0u);
  EXPECT_EQ(choose("Concat", axis_1, std::vector<TensorType>(49, x), {x}).blocked_inputs,
            (std::uint64_t{1} << 49) - 1);
  EXPECT_EQ(choose("Concat", axis_1, {vector, vector}, {vector}).blocked_outputs, 0u);
  EXPECT_EQ(choose("Split", axis_1, {x}, {x, x}).blocked_outputs, 3u);
  const Tensor zero = ints({0}), big = ints({INT64_MAX}), one = ints({1}), two = ints({2});
  const TensorType list{DataType::Int64, true, {1}};
  const auto slice = [&](const Tensor* axes, const Tensor* steps) {
    return choose("Slice", {}, {x, list, list, list, list}, {x},
                  {nullptr, &zero, &big, axes, steps})
        .blocked_outputs;
  };
  EXPECT_EQ(slice(&one, &one), 1u);
  EXPECT_EQ(slice(&two, &two), 1u);
  EXPECT_EQ(slice(&one, &two), 0u);
  EXPECT_EQ(slice(nullptr, &one), 0u);
}

}  // namespace
}  // namespace keel::test
