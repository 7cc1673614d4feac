// Opset differences end in the reader: each row is an old form and what operators see of it.
#include <gtest/gtest.h>

#include "loaders/onnx_reader.h"
#include "tests/loaders/outcome.h"
#include "tests/support/model_builder.h"

namespace keel {
namespace {

using namespace test;

struct Read {
  Graph graph;
  const Node& node() const { return graph.nodes.back(); }
  // The constant at an input, as integers.
  Ints ints(std::size_t slot) const {
    const Tensor& tensor = *graph.values[node().inputs[slot]].constant;
    return Ints(tensor.data_as<std::int64_t>(), tensor.data_as<std::int64_t>() + tensor.size());
  }
  Floats floats(std::size_t slot) const {
    const Tensor& tensor = *graph.values[node().inputs[slot]].constant;
    return Floats(tensor.data_as<float>(), tensor.data_as<float>() + tensor.size());
  }
};

// One node on x [2, 3, 4, 5] and, where named, w [3].
Read read(int opset, const std::string& op, const Strings& inputs, const Attributes& attributes,
          const Strings& outputs = {"y"}) {
  ModelBuilder m(opset);
  m.input("x", Sizes{2, 3, 4, 5}).constant("w", make_tensor<float>({3}, {1, 2, 3}));
  m.node(op, inputs, outputs, attributes).output("y");
  const std::string bytes = m.onnx();
  return {std::move(read_model(bytes.data(), bytes.size()).graph)};
}

TEST(Upgrade, AttributesBecomeInputs) {
  const Ints a = {1, 2};
  EXPECT_EQ(read(9, "Slice", {"x"}, {{"starts", a}, {"ends", a}, {"axes", a}}).ints(3), a);
  EXPECT_EQ(read(9, "Slice", {"x"}, {{"starts", a}, {"ends", a}}).node().inputs.size(), 3u);
  EXPECT_EQ(read(12, "Squeeze", {"x"}, {{"axes", a}}).ints(1), a);
  EXPECT_EQ(read(11, "Unsqueeze", {"x"}, {{"axes", a}}).ints(1), a);
  EXPECT_EQ(read(11, "ReduceSum", {"x"}, {{"axes", a}}).ints(1), a);
  EXPECT_EQ(read(17, "ReduceMean", {"x"}, {{"axes", a}}).ints(1), a);
  EXPECT_EQ(read(17, "ReduceMean", {"x"}, {}).node().inputs.size(), 1u);
  EXPECT_EQ(read(9, "TopK", {"x"}, {{"k", std::int64_t{4}}}).ints(1), Ints{4});
  EXPECT_EQ(read(4, "Reshape", {"x"}, {{"shape", a}}).ints(1), a);
  const Read pad = read(10, "Pad", {"x"}, {{"pads", a}, {"value", 2.0F}});
  EXPECT_EQ(pad.ints(1), a);
  EXPECT_EQ(pad.floats(2), Floats{2});
  const Read clip = read(6, "Clip", {"x"}, {{"max", 6.0F}});
  EXPECT_EQ(clip.node().inputs[1], kNone);
  EXPECT_EQ(clip.floats(2), Floats{6});
  EXPECT_TRUE(clip.node().attributes.empty());
  EXPECT_EQ(read(17, "DFT", {"x"}, {{"axis", std::int64_t{2}}}).ints(2), Ints{2});
  EXPECT_EQ(read(10, "Dropout", {"x"}, {{"ratio", 0.25F}}).floats(1), Floats{0.25F});
  EXPECT_EQ(read(11, "Split", {"x"}, {{"split", a}}).ints(1), a);
  EXPECT_EQ(read(13, "Split", {"x"}, {}, {"y", "z"}).node().int_or("num_outputs", 0), 2);
}

TEST(Upgrade, NewFormsStay) {
  EXPECT_FALSE(read(13, "Softmax", {"x"}, {}).node().has("flatten"));
  EXPECT_EQ(read(13, "Squeeze", {"x"}, {}).node().inputs.size(), 1u);
  EXPECT_FALSE(read(21, "GroupNormalization", {"x", "w", "w"}, {}).node().has("per_group"));
  EXPECT_EQ(read(9, "Mul", {"x", "w"}, {{"axis", std::int64_t{1}}}).node().int_or("axis", 0), 1);
}

TEST(Upgrade, SoftmaxFlattens) {
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    EXPECT_EQ(read(11, op, {"x"}, {}).node().int_or("axis", -9), 1);
    EXPECT_EQ(read(11, op, {"x"}, {{"axis", std::int64_t{2}}}).node().int_or("axis", -9), 2);
    EXPECT_EQ(read(11, op, {"x"}, {}).node().int_or("flatten", 0), 1);
  }
}

TEST(Upgrade, BatchNormalization) {
  const Strings inputs = {"x", "w", "w", "w", "w"};
  const auto is_test = [](std::int64_t value) { return Attributes{{"is_test", value}}; };
  EXPECT_EQ(read(6, "BatchNormalization", inputs, {}).node().int_or("training_mode", 0), 1);
  EXPECT_EQ(read(6, "BatchNormalization", inputs, is_test(0)).node().int_or("training_mode", 0), 1);
  const Read test = read(6, "BatchNormalization", inputs, is_test(1));
  EXPECT_EQ(test.node().int_or("training_mode", 0), 0);
  EXPECT_FALSE(test.node().has("is_test"));
  EXPECT_EQ(read(7, "BatchNormalization", inputs, {}).node().int_or("training_mode", 0), 0);
  const Attributes spatial = {{"spatial", std::int64_t{0}}};
  EXPECT_EQ(read(7, "BatchNormalization", inputs, spatial).node().int_or("spatial", 1), 0);
  const Attributes one = {{"spatial", std::int64_t{1}}};
  EXPECT_FALSE(read(7, "BatchNormalization", inputs, one).node().has("spatial"));
}

TEST(Upgrade, OldBroadcasting) {
  const Attributes at_axis = {{"broadcast", std::int64_t{1}}, {"axis", std::int64_t{1}}};
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Less"}) {
    const Read node = read(6, op, {"x", "w"}, at_axis);
    EXPECT_EQ(node.node().int_or("axis", -1), 1) << op;
    EXPECT_FALSE(node.node().has("broadcast"));
  }
  EXPECT_FALSE(read(6, "Add", {"x", "x"}, {{"axis", std::int64_t{1}}}).node().has("axis"));
  EXPECT_EQ(read(6, "PRelu", {"x", "w"}, {}).node().int_or("axis", -1), 1);
}

TEST(Upgrade, UpsampleAndResize) {
  for (const int opset : {7, 9}) {
    const Read up = opset == 7 ? read(7, "Upsample", {"x"}, {{"scales", Floats{1, 1, 2, 2}}})
                               : read(9, "Upsample", {"x", "w"}, {{"mode", std::string("linear")}});
    EXPECT_EQ(up.node().op_type, "Resize");
    ASSERT_EQ(up.node().inputs.size(), 3u);
    EXPECT_EQ(up.node().inputs[1], kNone);
    EXPECT_EQ(up.node().string_or("coordinate_transformation_mode", ""), "asymmetric");
    EXPECT_EQ(up.node().string_or("nearest_mode", ""), "floor");
  }
  EXPECT_EQ(read(10, "Resize", {"x", "w"}, {}).node().inputs.size(), 3u);
  ModelBuilder m(11);
  m.input("x", Sizes{1, 1, 2, 2}).constant("roi", make_tensor<float>({0}, {}));
  m.constant("sizes", make_tensor<std::int64_t>({4}, {1, 1, 4, 4}));
  m.node("Resize", {"x", "roi", "roi", "sizes"}, {"y"}).output("y");
  const std::string bytes = m.onnx();
  const Graph graph = std::move(read_model(bytes.data(), bytes.size()).graph);
  EXPECT_EQ(graph.nodes[0].inputs[1], kNone);
  EXPECT_EQ(graph.nodes[0].inputs[2], kNone);
}

TEST(Upgrade, ClipTakesTheTypeOfItsInput) {
  for (const DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
    ModelBuilder m(6);
    m.input("x", Sizes{2}, type).node("Relu", {"x"}, {"r"});
    m.node("Clip", {"r"}, {"y"}, {{"max", 6.0F}}).output("y");
    const std::string bytes = m.onnx();
    const Graph graph = std::move(read_model(bytes.data(), bytes.size()).graph);
    EXPECT_EQ(graph.values[graph.nodes[1].inputs[2]].constant->type(), type);
  }
}

TEST(Upgrade, OpsetsEndWhereTheyEnd) {
  const auto with_opset = [](int opset) {
    ModelBuilder builder(opset);
    builder.input("x", Sizes{2}).node("Relu", {"x"}, {"y"}).output("y");
    return load_bytes(builder.onnx()).code;
  };
  for (const int opset : {1, 6, 13, 25}) EXPECT_EQ(with_opset(opset), 0) << opset;
  for (const int opset : {0, -1, 26, 1000000000}) EXPECT_EQ(with_opset(opset), 4) << opset;
}

}  // namespace
}  // namespace keel
