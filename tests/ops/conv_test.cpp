// Conv and ConvTranspose: attributes and sizes, layouts, epilogues, types, refusals.
#include <gtest/gtest.h>

#include "simd/dispatch.h"
#include "tests/support/conv_reference.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

// What a node is expected to compute: the shape is filled in from dims, the rest by hand.
struct Row {
  std::string name;
  Shape x, w;
  Attributes attributes;
  Shape y;  // expected spatial sizes
  simd::ConvExtents pad = {0, 0, 0};
  bool transposed = false;
  bool bias = true, residual = false;
  simd::Activation activation = {};
};

simd::ConvShape shape_of(const Row& row) {
  simd::ConvShape shape;
  const auto ints = [&](const char* name) {
    const auto it = row.attributes.find(name);
    return it == row.attributes.end() ? Ints(3, 1) : std::get<Ints>(it->second);
  };
  const Ints strides = ints("strides"), dilations = ints("dilations");
  const auto group = row.attributes.find("group");
  shape.group = group == row.attributes.end() ? 1 : std::get<std::int64_t>(group->second);
  shape.n = row.x[0];
  shape.c = row.x[1];
  shape.k = row.transposed ? row.w[1] * shape.group : row.w[0];
  shape.rank = static_cast<int>(row.y.size());
  shape.pad = row.pad;
  shape.transposed = row.transposed;
  shape.bias = row.bias;
  shape.residual = row.residual;
  shape.activation = row.activation;
  for (std::size_t i = 0; i < row.y.size(); ++i) {
    shape.in[i] = row.x[i + 2];
    shape.out[i] = row.y[i];
    shape.kernel[i] = row.w[i + 2];
    shape.stride[i] = strides[i];
    shape.dilation[i] = dilations[i];
  }
  return shape;
}

std::vector<Row> rows() {
  const simd::Activation relu{simd::ActivationKind::Relu};
  const simd::Activation swish{simd::ActivationKind::HardSwish};
  return {
      {"default", {2, 5, 7, 9}, {18, 5, 3, 3}, {}, {5, 7}},
      {"no bias", {1, 16, 6, 6}, {16, 16, 1, 1}, {}, {6, 6}, {}, false, false},
      {"pads, strides",
       {1, 17, 9, 8},
       {20, 17, 3, 3},
       {{"pads", Ints{1, 0, 1, 2}}, {"strides", Ints{2, 2}}},
       {5, 4},
       {1, 0}},
      {"dilations", {1, 3, 11, 12}, {8, 3, 3, 2}, {{"dilations", Ints{2, 3}}}, {7, 9}},
      {"SAME_UPPER even",
       {1, 4, 6, 7},
       {8, 4, 2, 4},
       {{"auto_pad", std::string("SAME_UPPER")}},
       {6, 7},
       {0, 1}},
      {"SAME_LOWER even",
       {1, 4, 6, 7},
       {8, 4, 2, 4},
       {{"auto_pad", std::string("SAME_LOWER")}},
       {6, 7},
       {1, 2}},
      {"SAME strided",
       {1, 4, 7, 8},
       {8, 4, 3, 3},
       {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 3}}},
       {4, 3},
       {1, 0}},
      {"VALID", {1, 4, 7, 8}, {8, 4, 3, 3}, {{"auto_pad", std::string("VALID")}}, {5, 6}},
      {"groups", {1, 12, 5, 5}, {30, 4, 3, 3}, {{"group", std::int64_t{3}}}, {3, 3}},
      {"depthwise",
       {2, 19, 8, 8},
       {19, 1, 3, 3},
       {{"group", std::int64_t{19}}, {"pads", Ints{1, 1, 1, 1}}},
       {8, 8},
       {1, 1}},
      {"1-D", {2, 6, 13}, {7, 6, 5}, {{"pads", Ints{2, 2}}}, {13}, {2}},
      {"3-D", {1, 3, 5, 6, 4}, {6, 3, 2, 3, 2}, {{"strides", Ints{1, 2, 1}}}, {4, 2, 3}},
      {"relu", {1, 20, 6, 6}, {33, 20, 3, 3}, {}, {4, 4}, {}, false, true, false, relu},
      {"residual, relu", {1, 20, 6, 6}, {33, 20, 3, 3}, {}, {4, 4}, {}, false, true, true, relu},
      {"residual, hard swish, no bias",
       {2, 20, 6, 6},
       {16, 20, 1, 1},
       {},
       {6, 6},
       {},
       false,
       false,
       true,
       swish},
      {"stem",
       {1, 3, 20, 20},
       {16, 3, 7, 7},
       {{"strides", Ints{2, 2}}, {"pads", Ints{3, 3, 3, 3}}},
       {10, 10},
       {3, 3}},
      {"T default", {1, 5, 4, 3}, {5, 6, 3, 3}, {}, {6, 5}, {}, true},
      {"T strides", {2, 18, 4, 3}, {18, 20, 2, 3}, {{"strides", Ints{2, 3}}}, {8, 9}, {}, true},
      {"T pads",
       {1, 5, 4, 3},
       {5, 6, 3, 3},
       {{"strides", Ints{2, 2}}, {"pads", Ints{1, 0, 1, 1}}, {"output_padding", Ints{1, 0}}},
       {8, 6},
       {1, 0},
       true},
      {"T output_shape",
       {1, 5, 4, 3},
       {5, 6, 3, 3},
       {{"strides", Ints{3, 2}}, {"output_shape", Ints{10, 8}}, {"output_padding", Ints{1, 1}}},
       {10, 8},
       {2, 0},
       true},
      {"T SAME_UPPER",
       {1, 5, 4, 3},
       {5, 6, 3, 3},
       {{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}},
       {8, 6},
       {0, 0},
       true},
      {"T SAME_LOWER",
       {1, 5, 4, 3},
       {5, 6, 3, 3},
       {{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_LOWER")}},
       {8, 6},
       {1, 1},
       true},
      {"T groups",
       {1, 6, 4, 3},
       {6, 5, 3, 3},
       {{"group", std::int64_t{3}}, {"dilations", Ints{2, 1}}},
       {8, 5},
       {},
       true},
      {"T 1-D", {1, 6, 9}, {6, 5, 4}, {{"strides", Ints{3}}}, {28}, {}, true},
      {"T residual",
       {1, 6, 4, 4},
       {6, 17, 2, 2},
       {{"strides", Ints{2, 2}}},
       {8, 8},
       {},
       true,
       true,
       true,
       relu},
  };
}

struct Data {
  Node node;
  std::vector<Tensor> inputs;
  Tensor want;  // double
};

Tensor from_floats(const Shape& dims, const std::vector<float>& values) {
  return make_tensor<float>(dims, values);
}

Data data_of(const Row& row) {
  const simd::ConvShape shape = shape_of(row);
  const simd::test::ConvData data = simd::test::conv_data(shape, false);
  Shape y = {shape.n, shape.k};
  y.insert(y.end(), row.y.begin(), row.y.end());
  Data result;
  std::vector<std::size_t> absent;
  if (!row.bias) absent.push_back(2);
  result.node = make_node(row.transposed ? "ConvTranspose" : "Conv", row.attributes,
                          row.residual ? 4 : 3, 1, absent);
  result.node.epilogue = {row.residual, row.activation};
  result.inputs = {from_floats(row.x, data.x), from_floats(row.w, data.W),
                   row.bias ? from_floats({shape.k}, data.bias) : Tensor()};
  if (row.residual) result.inputs.push_back(from_floats(y, data.residual));
  result.want = make_tensor<double>(
      y, simd::test::conv_reference(shape, data.x, data.W, data.bias, data.residual));
  return result;
}

TEST(ConvOp, MatchesFormulaInEveryLayout) {
  for (const Row& row : rows()) {
    const Data data = data_of(row);
    const std::uint32_t x = 1, residual = row.residual ? 8 : 0;
    for (std::uint32_t in : {0u, x, residual, x | residual})
      for (std::uint32_t out : {0u, 1u})
        for (std::uint32_t variable : {0u, 6u}) {
          RunSettings settings{in, out, variable | 9, 2};
          const auto got = run_node_as(data.node, data.inputs, settings);
          expect_close(got[0], data.want, 2e-6,
                       row.name + " " + std::to_string(in) + std::to_string(out));
        }
  }
}

TEST(ConvOp, SameBitsForAnyNumberOfThreads) {
  for (const Row& row : rows()) {
    const Data data = data_of(row);
    const Tensor one = run_node_as(data.node, data.inputs, {1, 1, 9, 1})[0];
    for (int threads : {2, 3, 8})
      expect_same(run_node_as(data.node, data.inputs, {1, 1, 9, threads})[0], one, row.name);
  }
}

TEST(ConvOp, EveryInstructionSet) {
  for (const simd::KernelTable* kernels : own_tables())
    for (const Row& row : rows()) {
      const Data data = data_of(row);
      expect_close(run_node_as(data.node, data.inputs, {1, 1, 9, 1, kernels->isa})[0], data.want,
                   2e-6, row.name + " " + kernels->isa);
    }
}

TEST(ConvOp, Double) {
  for (const Row& row : rows()) {
    Data data = data_of(row);
    for (Tensor& input : data.inputs)
      if (!input.empty()) input = widened(input);
    expect_close(run_node_as(data.node, data.inputs, {0, 0, 0, 2})[0], data.want, 1e-14, row.name);
  }
}

TEST(ConvOp, FourSpatialAxes) {
  const Tensor x = seeded(1, {1, 2, 3, 3, 4, 2});
  const Tensor w = seeded(2, {3, 2, 2, 1, 3, 2});
  const Tensor want = run_op("Conv", {widened(x), widened(w)})[0];
  EXPECT_EQ(to_string(want.shape()), "[1, 3, 2, 3, 2, 1]");
  expect_close(run_op("Conv", {x, w})[0], want, 1e-6);
  expect_close(run_op("Conv", {x, w}, {}, 1, {1, 1, 1, 2})[0], want, 1e-6);
}

TEST(ConvOp, EmptyInputs) {
  const Tensor w = seeded(2, {3, 2, 1, 1});
  const Tensor b = make_tensor<float>({3}, {1, 2, 3});
  EXPECT_EQ(run_op("Conv", {Tensor(DataType::Float, {0, 2, 4, 4}), w})[0].shape(),
            (Shape{0, 3, 4, 4}));
  // Nothing but padding: the bias remains.
  const Tensor y = run_op("Conv", {Tensor(DataType::Float, {1, 2, 0, 1}), w, b},
                          {{"pads", Ints{0, 0, 1, 0}}})[0];
  expect_same(y, make_tensor<float>({1, 3, 1, 1}, {1, 2, 3}));
}

TEST(ConvOp, InfersSymbolicShapes) {
  constexpr Dim kN = -2, kH = -3;
  const Attributes same{{"pads", Ints{1, 1, 1, 1}}};
  EXPECT_EQ(infer_op("Conv", {type_of({kN, 3, kH, 10}), type_of({8, 3, 3, 3})}, same)[0].dims,
            (Shape{kN, 8, kH, 10}));
  EXPECT_EQ(infer_op("Conv", {type_of({kN, -1, kH, 10}), type_of({8, -1, 3, 3})})[0].dims,
            (Shape{kN, 8, -1, 8}));
  EXPECT_EQ(infer_op("Conv", {type_of({kN, -1, 9, 10}), type_of({-1, -1, -1, 3})})[0].dims,
            (Shape{kN, -1, -1, 8}));
  EXPECT_EQ(infer_op("ConvTranspose", {type_of({kN, 4, kH, 5}), type_of({4, 8, 3, 3})},
                     {{"strides", Ints{2, 2}}})[0]
                .dims,
            (Shape{kN, 8, -1, 11}));
}

struct Refusal {
  std::string op;
  Shape x, w;
  Attributes attributes;
  ErrorCode code;
  std::string fragment;
};

TEST(ConvOp, RefusesMalformedNodes) {
  constexpr auto kMalformed = ErrorCode::MalformedModel;
  constexpr auto kBad = ErrorCode::BadInput;
  const Shape x = {1, 4, 8, 8}, w = {6, 4, 3, 3}, wt = {4, 6, 3, 3};
  const std::vector<Refusal> refusals = {
      {"Conv",
       x,
       w,
       {{"pads", Ints{1, 1, 1}}},
       kMalformed,
       "attribute 'pads': expected 4 values, got 3"},
      {"Conv", x, w, {{"pads", Ints{1, -1, 1, 1}}}, kMalformed, "pads"},
      {"Conv", x, w, {{"pads", Ints{INT64_MAX, 1, 1, 1}}}, kMalformed, "pads"},
      {"Conv", x, w, {{"strides", Ints{0, 1}}}, kMalformed, "strides"},
      {"Conv", x, w, {{"strides", Ints{1}}}, kMalformed, "strides"},
      {"Conv", x, w, {{"dilations", Ints{1, INT64_MAX}}}, kMalformed, "dilations"},
      {"Conv", x, w, {{"kernel_shape", Ints{3, 5}}}, kMalformed, "kernel_shape"},
      {"Conv", x, w, {{"kernel_shape", Ints{0, 3}}}, kMalformed, "kernel_shape"},
      {"Conv", x, w, {{"group", std::int64_t{0}}}, kMalformed, "group"},
      {"Conv", x, w, {{"group", std::int64_t{3}}}, kMalformed, "group"},
      {"Conv", x, w, {{"group", 1.0f}}, kMalformed, "expected an integer"},
      {"Conv", x, w, {{"auto_pad", std::string("SAME")}}, kMalformed, "auto_pad"},
      {"Conv", x, {6, 5, 3, 3}, {}, kBad, "input 1"},
      {"Conv", x, {6, 4, 3}, {}, kMalformed, "rank"},
      {"Conv", {1, 4}, {6, 4}, {}, kMalformed, "rank"},
      {"Conv", {1, 4, 2, 8}, w, {}, kBad, "spatial axis 0"},
      {"ConvTranspose", x, {5, 6, 3, 3}, {}, kBad, "input 1"},
      {"ConvTranspose", x, wt, {{"output_padding", Ints{1, 0}}}, kMalformed, "output_padding"},
      {"ConvTranspose", x, wt, {{"output_shape", Ints{1, 6, 10, 10}}}, kMalformed, "output_shape"},
      {"ConvTranspose", x, wt, {{"pads", Ints{9, 9, 9, 9}}}, kBad, "spatial axis 0"},
      {"ConvTranspose", x, wt, {{"group", std::int64_t{3}}}, kMalformed, "group"},
  };
  for (const Refusal& refusal : refusals)
    expect_error(refusal.code, refusal.fragment, [&] {
      infer_op(refusal.op, {type_of(refusal.x), type_of(refusal.w)}, refusal.attributes);
    });
  expect_error(ErrorCode::Unsupported, "int32", [&] {
    infer_op("Conv", {type_of(x, DataType::Int32), type_of(w, DataType::Int32)});
  });
  expect_error(kBad, "input 2", [&] { infer_op("Conv", {type_of(x), type_of(w), type_of({5})}); });
  expect_error(kMalformed, "input 1", [&] { infer_op("Conv", {type_of(x)}); });
}

TEST(ConvOp, LayoutChoices) {
  const Node node = make_node("Conv", {}, 2);
  constexpr std::uint64_t kOne = 1, kNothing = 0;
  const auto choose = [&](Shape x, Shape w, std::uint64_t blocked) {
    const LayoutQuery query{
        node, {type_of(x), type_of(w)}, {type_of({x[0], w[0], -1, -1})}, {}, blocked};
    const LayoutChoice choice = op_of(node).layout(query);
    return std::make_pair(choice.blocked_inputs, choice.blocked_outputs);
  };
  EXPECT_EQ(choose({1, 32, -2, -3}, {64, 32, 3, 3}, 0), std::make_pair(kOne, kOne));
  EXPECT_EQ(choose({1, 3, 224, 224}, {64, 3, 7, 7}, 1), std::make_pair(kOne, kOne));
  EXPECT_EQ(choose({1, -1, 8, 8}, {64, 3, 3, 3}, 0), std::make_pair(kNothing, kNothing));
}

}  // namespace
}  // namespace keel::test
