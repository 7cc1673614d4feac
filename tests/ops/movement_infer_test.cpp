// Shapes of results where sizes or values of the inputs are not known.
#include <gtest/gtest.h>

#include "runtime/op.h"
#include "runtime/prepare.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

constexpr Dim kN = -2, kH = -3;  // symbols
constexpr Dim kQ = kUnknownDim;
const std::string kUnranked = "unranked";

struct Input {
  TensorType type;
  std::vector<std::int64_t> value = {};
  bool known = false;
};

Input data(Shape dims) { return {{DataType::Float, true, std::move(dims)}}; }
Input list(std::vector<std::int64_t> value) {
  return {{DataType::Int64, true, {static_cast<Dim>(value.size())}}, value, true};
}
Input unknown_list(Dim length) { return {{DataType::Int64, true, {length}}}; }

std::string shape_of(const std::string& op, const std::vector<Input>& inputs,
                     const Attributes& attributes = {}, std::size_t outputs = 1) {
  std::vector<InferContext::Input> types;
  std::vector<Tensor> values;
  values.reserve(inputs.size());
  for (const Input& input : inputs) {
    values.push_back(input.known ? make_tensor<std::int64_t>(input.type.dims, input.value)
                                 : Tensor());
    types.push_back({input.type, input.known ? &values.back() : nullptr});
  }
  const Node node = make_node(op, attributes, inputs.size(), outputs);
  const TensorType result = infer_node(node, types).back();
  return result.ranked ? to_string(result.dims) : kUnranked;
}

TEST(MovementInfer, Reshape) {
  const Input x = data({kN, 3, 4});
  EXPECT_EQ(shape_of("Reshape", {x, list({0, -1})}), to_string({kN, 12}));
  EXPECT_EQ(shape_of("Reshape", {x, list({-1, 12})}), to_string({kN, 12}));
  EXPECT_EQ(shape_of("Reshape", {x, list({-1, 4})}), to_string({kQ, 4}));
  EXPECT_EQ(shape_of("Reshape", {data({kN, 6, kH}), list({0, 2, 3, -1})}),
            to_string({kN, 2, 3, kH}));
  EXPECT_EQ(shape_of("Reshape", {x, list({5, -1})}), to_string({5, kQ}));
  EXPECT_EQ(shape_of("Reshape", {data({kQ, 3}), list({-1, 3})}), to_string({kQ, 3}));
  EXPECT_EQ(shape_of("Reshape", {x, unknown_list(2)}), to_string({kQ, kQ}));
  EXPECT_EQ(shape_of("Reshape", {x, unknown_list(kQ)}), kUnranked);
}

TEST(MovementInfer, ViewsOfSymbols) {
  const Input x = data({kN, 3, 1, kH});
  EXPECT_EQ(shape_of("Flatten", {x}), to_string({kN, kQ}));
  EXPECT_EQ(shape_of("Flatten", {data({kN, 3, 4})}), to_string({kN, 12}));
  EXPECT_EQ(shape_of("Squeeze", {x, list({2})}), to_string({kN, 3, kH}));
  EXPECT_EQ(shape_of("Squeeze", {x, list({-1})}), to_string({kN, 3, 1}));
  EXPECT_EQ(shape_of("Squeeze", {x}), kUnranked);
  EXPECT_EQ(shape_of("Squeeze", {x, unknown_list(2)}), to_string({kQ, kQ}));
  EXPECT_EQ(shape_of("Unsqueeze", {x, list({0})}), to_string({1, kN, 3, 1, kH}));
  EXPECT_EQ(shape_of("Unsqueeze", {data({kN}), unknown_list(1)}), to_string({kQ, kQ}));
  EXPECT_EQ(shape_of("Transpose", {x}), to_string({kH, 1, 3, kN}));
  EXPECT_EQ(shape_of("Shape", {x}, {{"start", std::int64_t{1}}}), "[3]");
}

TEST(MovementInfer, ConcatSplitSlicePad) {
  const Attributes axis_1 = {{"axis", std::int64_t{1}}};
  EXPECT_EQ(shape_of("Concat", {data({kN, 3}), data({kN, 4})}, axis_1), to_string({kN, 7}));
  EXPECT_EQ(shape_of("Concat", {data({kN, 3}), data({2, kH})}, axis_1), to_string({2, kQ}));
  EXPECT_EQ(shape_of("Split", {data({kN, 7})}, axis_1, 2), to_string({kN, 3}));
  EXPECT_EQ(shape_of("Split", {data({kN, 7})}, {}, 2), to_string({kQ, 7}));
  EXPECT_EQ(shape_of("Split", {data({kN, 7}), unknown_list(2)}, axis_1, 2), to_string({kN, kQ}));
  const Input x = data({kN, 10});
  EXPECT_EQ(shape_of("Slice", {x, list({2}), list({8}), list({1}), list({2})}), to_string({kN, 3}));
  EXPECT_EQ(shape_of("Slice", {x, list({0}), list({INT64_MAX}), list({0})}), to_string({kN, 10}));
  EXPECT_EQ(shape_of("Slice", {x, list({1}), list({INT64_MAX}), list({0})}), to_string({kQ, 10}));
  EXPECT_EQ(shape_of("Slice", {x, unknown_list(1), list({4}), list({1})}), to_string({kN, kQ}));
  EXPECT_EQ(shape_of("Slice", {x, unknown_list(1), list({4})}), to_string({kQ, 10}));
  EXPECT_EQ(shape_of("Pad", {x, list({0, 1, 0, 2})}), to_string({kN, 13}));
  EXPECT_EQ(shape_of("Pad", {x, list({1, 0, 0, 0})}), to_string({kQ, 10}));
  EXPECT_EQ(shape_of("Pad", {x, unknown_list(4)}), to_string({kQ, kQ}));
}

TEST(MovementInfer, GatherAndScatter) {
  const Input x = data({kN, 5, kH});
  const Attributes axis_1 = {{"axis", std::int64_t{1}}};
  EXPECT_EQ(shape_of("Gather", {x, unknown_list(kQ)}, axis_1), to_string({kN, kQ, kH}));
  EXPECT_EQ(shape_of("GatherND", {x, unknown_list(2)}), to_string({kH}));
  EXPECT_EQ(shape_of("GatherND", {x, unknown_list(kQ)}), kUnranked);
  EXPECT_EQ(shape_of("ScatterND", {x, unknown_list(kQ), data({kQ})}), to_string({kN, 5, kH}));
}

TEST(MovementInfer, SizesFromValues) {
  EXPECT_EQ(shape_of("Expand", {data({kN, 1}), list({1, 4})}), to_string({kN, 4}));
  EXPECT_EQ(shape_of("Expand", {data({kN, 1}), unknown_list(3)}), to_string({kQ, kQ, kQ}));
  EXPECT_EQ(shape_of("Expand", {data({kN, 1}), unknown_list(kQ)}), kUnranked);
  EXPECT_EQ(shape_of("Tile", {data({kN, 3}), list({1, 2})}), to_string({kN, 6}));
  EXPECT_EQ(shape_of("Tile", {data({kN, 3}), unknown_list(2)}), to_string({kQ, kQ}));
  EXPECT_EQ(shape_of("ConstantOfShape", {unknown_list(2)}), to_string({kQ, kQ}));
  EXPECT_EQ(shape_of("ConstantOfShape", {unknown_list(kQ)}), kUnranked);
  EXPECT_EQ(shape_of("TopK", {data({kN, 9}), list({2})}, {}, 2), to_string({kN, 2}));
  EXPECT_EQ(shape_of("TopK", {data({kN, kH}), list({2})}, {}, 2), to_string({kN, 2}));
  EXPECT_EQ(shape_of("TopK", {data({kN, 9}), unknown_list(1)}, {}, 2), to_string({kN, kQ}));
  EXPECT_EQ(shape_of("NonZero", {data({kN, 9})}), to_string({2, kQ}));
}

}  // namespace
}  // namespace keel::test
