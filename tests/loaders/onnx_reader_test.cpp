#include "loaders/onnx_reader.h"

#include <gtest/gtest.h>

#include "tests/support/model_builder.h"
#include "tests/support/wire.h"

namespace keel {
namespace {

using test::Floats;
using test::Ints;
using test::ModelBuilder;
using test::Wire;

LoadedModel read(const ModelBuilder& builder) {
  const std::string bytes = builder.onnx();
  return read_model(bytes.data(), bytes.size());
}

// The code and message of the error that reading gives; 0 for none.
std::pair<int, std::string> failure(const ModelBuilder& builder) {
  try {
    read(builder);
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what()};
  }
  return {0, ""};
}

const Value* value_named(const Graph& graph, const std::string& name) {
  for (const Value& value : graph.values)
    if (value.name == name) return &value;
  return nullptr;
}

TEST(OnnxReader, ReadsInputsOutputsAndNodes) {
  ModelBuilder m;
  m.input("x", test::Sizes{"N", 3, -1});
  m.constant("w", make_tensor<float>({3, 1}, {1, 2, 3}));
  m.node("Mul", {"x", "w"}, {"t"}).node("Relu", {"t"}, {"y"});
  m.output("y");
  const Graph graph = read(m).graph;
  ASSERT_EQ(graph.inputs.size(), 1u);
  const Value& x = graph.values[graph.inputs[0]];
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(graph.shape_text(x.type), "[N, 3, ?]");
  EXPECT_EQ(graph.output_names, std::vector<std::string>{"y"});
  ASSERT_EQ(graph.order.size(), 2u);
  EXPECT_EQ(graph.nodes[graph.order[0]].op_type, "Mul");
  EXPECT_EQ(graph.nodes[graph.order[1]].origin, 1);
  const Value* w = value_named(graph, "w");
  ASSERT_TRUE(w != nullptr && w->constant != nullptr);
  EXPECT_EQ(w->constant->data_as<float>()[2], 3);
}

TEST(OnnxReader, SortsNodesAndRefusesCycles) {
  ModelBuilder unsorted;
  unsorted.input("x", test::Sizes{1}).node("Relu", {"t"}, {"y"}).node("Neg", {"x"}, {"t"});
  unsorted.output("y");
  const Graph graph = read(unsorted).graph;
  EXPECT_EQ(graph.order, (std::vector<NodeId>{1, 0}));

  ModelBuilder cycle;
  cycle.input("x", test::Sizes{1}).node("Add", {"x", "b"}, {"a"}).node("Relu", {"a"}, {"b"});
  cycle.output("b");
  EXPECT_EQ(failure(cycle).first, 3);
}

TEST(OnnxReader, RefusesBrokenSingleAssignment) {
  const auto fails = [](auto build) {
    ModelBuilder m;
    m.input("x", test::Sizes{test::Size(1)});
    build(m);
    m.output("y");
    return failure(m).first;
  };
  const Tensor one = make_tensor<float>({1}, {1});
  EXPECT_EQ(fails([&](auto& m) { m.node("Relu", {"x"}, {"y"}); }), 0);
  EXPECT_EQ(fails([&](auto& m) { m.node("Relu", {"y"}, {"y"}); }), 3);
  EXPECT_EQ(fails([&](auto& m) { m.node("Relu", {"x"}, {"z"}); }), 3);
  EXPECT_EQ(fails([&](auto& m) { m.node("Relu", {"unknown"}, {"y"}); }), 3);
  EXPECT_EQ(fails([&](auto& m) { m.node("Relu", {"x"}, {"y"}).node("Neg", {"x"}, {"y"}); }), 3);
  EXPECT_EQ(fails([&](auto& m) { m.node("Relu", {"x"}, {"x"}).node("Neg", {"x"}, {"y"}); }), 3);
  EXPECT_EQ(fails([&](auto& m) { m.constant("y", one).node("Neg", {"x"}, {"y"}); }), 3);
  EXPECT_EQ(fails([&](auto& m) { m.constant("y", one).constant("y", one); }), 3);
}

TEST(OnnxReader, AnOutputMayBeAnInputOrAnInitializer) {
  ModelBuilder m;
  m.input("x", test::Sizes{1}).constant("c", make_tensor<float>({1}, {4}));
  m.output("x").output("c");
  EXPECT_EQ(failure(m).first, 0);
}

TEST(OnnxReader, ListsEveryUnsupportedNode) {
  ModelBuilder m;
  m.input("x", test::Sizes{1}).node("Foo", {"x"}, {"a"}).node("Bar", {"a"}, {"b"}, {}, "acme");
  m.node("Baz", {"b"}, {"y"}).output("y");
  const LoadedModel model = read(m);
  ASSERT_EQ(model.unsupported.size(), 3u);
  try {
    require_supported(model);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Unsupported);
    for (const char* name : {"Foo", "acme.Bar", "Baz", "'a'", "'b'", "'y'"})
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
  }
}

TEST(OnnxReader, ConstantNodesKeepTheirNode) {
  const std::vector<std::pair<test::Attributes, Tensor>> rows = {
      {{{"value", make_tensor<float>({2}, {1, 2})}}, make_tensor<float>({2}, {1, 2})},
      {{{"value_float", 2.5F}}, make_tensor<float>({}, {2.5F})},
      {{{"value_floats", Floats{1, 2}}}, make_tensor<float>({2}, {1, 2})},
      {{{"value_int", std::int64_t{7}}}, make_tensor<std::int64_t>({}, {7})},
      {{{"value_ints", Ints{7, 8}}}, make_tensor<std::int64_t>({2}, {7, 8})},
      {{{"value_string", std::string("s")}}, make_tensor<std::string>({}, {"s"})},
      {{{"value_strings", test::Strings{"a", "b"}}}, make_tensor<std::string>({2}, {"a", "b"})},
  };
  for (const auto& [attributes, expected] : rows) {
    ModelBuilder m;
    m.node("Constant", {}, {"c"}, attributes).output("c");
    const Graph graph = read(m).graph;
    const Value& value = graph.values[graph.outputs[0]];
    ASSERT_NE(value.constant, nullptr);
    EXPECT_EQ(value.producer, 0);
    EXPECT_EQ(value.constant->type(), expected.type());
    EXPECT_EQ(value.constant->shape(), expected.shape());
    if (expected.type() == DataType::String) continue;
    EXPECT_EQ(std::memcmp(value.constant->data(), expected.data(), expected.byte_size()), 0);
  }
  ModelBuilder two;
  two.node("Constant", {}, {"c"}, {{"value_int", std::int64_t{1}}, {"value_float", 1.0F}});
  two.output("c");
  EXPECT_EQ(failure(two).first, 3);
}

TEST(OnnxReader, SubgraphsNameOuterValues) {
  ModelBuilder inner;
  inner.node("Add", {"x", "w"}, {"s"}).node("Add", {"s", "t"}, {"r"}).output("r");
  ModelBuilder m;
  m.input("c", test::Sizes{}, DataType::Bool).input("x", test::Sizes{1});
  m.constant("w", make_tensor<float>({1}, {1}));
  m.node("If", {"c"}, {"y"}, {{"then_branch", test::subgraph(inner)}});
  m.node("Neg", {"x"}, {"t"}).output("y");
  const Graph graph = read(m).graph;
  const Node& node = graph.nodes[0];
  ASSERT_EQ(node.captured.size(), 3u);  // x, w, t
  EXPECT_EQ(graph.order, (std::vector<NodeId>{1, 0}));
  const Graph& branch = *std::get<std::shared_ptr<Graph>>(node.attributes.at("then_branch"));
  ASSERT_EQ(branch.captures.size(), 2u);  // w is a constant of the branch
  ASSERT_EQ(branch.inputs.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(branch.values[branch.inputs[i]].name,
              graph.values[node.captured[branch.captures[i]]].name);
  EXPECT_NE(value_named(branch, "w")->constant, nullptr);
}

TEST(OnnxReader, NodeNamesAreUnique) {
  ModelBuilder inner;
  inner.node("Neg", {"x"}, {"r"}).output("r");
  ModelBuilder m;
  m.input("c", test::Sizes{}, DataType::Bool).input("x", test::Sizes{1});
  m.node("If", {"c"}, {"y"},
         {{"then_branch", test::subgraph(inner)}, {"else_branch", test::subgraph(inner)}});
  m.output("y");
  const Graph graph = read(m).graph;
  const auto name = [&](const char* branch) {
    return std::get<std::shared_ptr<Graph>>(graph.nodes[0].attributes.at(branch))->nodes[0].name;
  };
  EXPECT_NE(name("then_branch"), name("else_branch"));
}

}  // namespace
}  // namespace keel
