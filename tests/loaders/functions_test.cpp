// Local functions: bodies in place of calls, without recursion and without explosions.
#include <gtest/gtest.h>

#include "loaders/onnx_reader.h"
#include "tests/loaders/model_wire.h"
#include "tests/loaders/outcome.h"

namespace keel {
namespace {

using namespace test;

Wire function(const std::string& name, const Names& inputs, const Names& outputs,
              const std::vector<Wire>& nodes) {
  Wire wire;
  wire.text(1, name);
  for (const std::string& input : inputs) wire.text(4, input);
  for (const std::string& output : outputs) wire.text(5, output);
  for (const Wire& body : nodes) wire.message(7, body);
  return wire.message(9, opset("", 17)).text(10, "local");
}

Wire call(const std::string& name, const Names& inputs, const Names& outputs,
          const std::vector<Wire>& attributes = {}) {
  return node(name, inputs, outputs, attributes, "local");
}

// x -> nodes -> y
std::string model_of(const std::vector<Wire>& nodes, const std::vector<Wire>& functions) {
  Wire graph;
  for (const Wire& one : nodes) graph.message(1, one);
  graph.message(11, value_info("x", {2})).message(12, value_info("y", {2}));
  Wire wire = model(graph);
  wire.message(8, opset("local", 1));
  for (const Wire& one : functions) wire.message(25, one);
  return wire.bytes();
}

Graph graph_of(const std::string& bytes) {
  return std::move(read_model(bytes.data(), bytes.size()).graph);
}

Wire reference(const std::string& name, const std::string& attribute) {
  return Wire().text(1, name).varint(20, 1).text(21, attribute);
}

TEST(Functions, AreReplacedByTheirBodies) {
  const Wire f = function("F", {"a", "absent"}, {"b", "other"},
                          {node("Clip", {"a", "absent"}, {"t"}), node("Relu", {"t"}, {"b"}),
                           node("Neg", {"t"}, {"other"})});
  const Graph graph = graph_of(model_of({call("F", {"x"}, {"m"}), call("F", {"m"}, {"y"})}, {f}));
  ASSERT_EQ(graph.nodes.size(), 6u);
  EXPECT_EQ(graph.nodes[0].op_type, "Clip");
  EXPECT_EQ(graph.nodes[0].inputs.back(), kNone);
  EXPECT_EQ(graph.values[graph.nodes[1].outputs[0]].name, "m");
  EXPECT_EQ(graph.values[graph.nodes[4].outputs[0]].name, "y");
  EXPECT_EQ(graph.nodes[2].origin, 0);
  EXPECT_EQ(graph.nodes[3].origin, 1);
  EXPECT_NE(graph.values[graph.nodes[0].outputs[0]].name,
            graph.values[graph.nodes[3].outputs[0]].name);
}

TEST(Functions, AttributesReferToTheCall) {
  const Wire alpha = Wire().text(1, "alpha").fixed32(2, 0.5F).varint(20, 1);
  const Wire given = Wire().text(1, "slope").fixed32(2, 0.25F).varint(20, 1);
  const Wire slope = Wire().text(1, "slope").fixed32(2, 0.75F).varint(20, 1);
  const Wire body = node("LeakyRelu", {"a"}, {"b"}, {reference("alpha", "slope")});
  const Wire plain = function("F", {"a"}, {"b"}, {body}).text(6, "slope");
  const Wire with_default = function("F", {"a"}, {"b"}, {body}).message(11, slope);
  const auto alpha_of = [&](const Wire& f, const std::vector<Wire>& attributes) {
    return graph_of(model_of({call("F", {"x"}, {"y"}, attributes)}, {f}))
        .nodes[0]
        .float_or("alpha", -1);
  };
  EXPECT_EQ(alpha_of(plain, {given}), 0.25F);
  EXPECT_EQ(alpha_of(plain, {}), -1);
  EXPECT_EQ(alpha_of(with_default, {}), 0.75F);
  EXPECT_EQ(alpha_of(with_default, {given}), 0.25F);
  // Outside a function there is nothing to refer to.
  EXPECT_EQ(load_bytes(model_of({body}, {})).code, 3);
}

TEST(Functions, NamesInsideSubgraphsFollow) {
  const Wire branch = Wire().message(1, node("Neg", {"a"}, {"n"})).message(12, Wire().text(1, "n"));
  const Wire attribute = Wire().text(1, "then_branch").message(6, branch).varint(20, 5);
  const Wire f = function("F", {"a"}, {"b"}, {node("If", {"a"}, {"b"}, {attribute})});
  const Graph graph = graph_of(model_of({call("F", {"x"}, {"m"}), call("F", {"m"}, {"y"})}, {f}));
  ASSERT_EQ(graph.nodes.size(), 2u);
  ASSERT_EQ(graph.nodes[1].captured.size(), 1u);
  EXPECT_EQ(graph.values[graph.nodes[1].captured[0]].name, "m");
}

TEST(Functions, MayCallEachOtherAndPassInputsThrough) {
  const Wire inner = function("Inner", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
  const Wire outer =
      function("Outer", {"a"}, {"b"}, {call("Inner", {"a"}, {"t"}), call("Inner", {"t"}, {"b"})});
  EXPECT_EQ(graph_of(model_of({call("Outer", {"x"}, {"y"})}, {outer, inner})).nodes.size(), 2u);
  const Wire through = function("Through", {"a"}, {"a"}, {});
  const Graph graph = graph_of(model_of({call("Through", {"x"}, {"y"})}, {through}));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[0].op_type, "Identity");
}

TEST(Functions, OverloadsAreToldApart) {
  const Wire one = function("F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})}).text(13, "one");
  const Wire two = function("F", {"a"}, {"b"}, {node("Neg", {"a"}, {"b"})}).text(13, "two");
  const Graph graph = graph_of(model_of({call("F", {"x"}, {"y"}).text(8, "two")}, {one, two}));
  EXPECT_EQ(graph.nodes[0].op_type, "Neg");
}

TEST(Functions, RefusesRecursion) {
  const auto calls = [](const std::string& name, const std::string& other) {
    return function(name, {"a"}, {"b"}, {call(other, {"a"}, {"b"})});
  };
  const std::vector<Wire> use = {call("F", {"x"}, {"y"})};
  EXPECT_EQ(load_bytes(model_of(use, {calls("F", "F")})).code, 3);
  EXPECT_EQ(load_bytes(model_of(use, {calls("F", "G"), calls("G", "F")})).code, 3);
  const Wire branch = Wire().message(1, call("F", {"a"}, {"n"})).message(12, Wire().text(1, "n"));
  const Wire attribute = Wire().text(1, "then_branch").message(6, branch).varint(20, 5);
  EXPECT_EQ(load_bytes(model_of(use, {function("F", {"a"}, {"b"},
                                               {node("If", {"a"}, {"b"}, {attribute})})}))
                .code,
            3);
}

TEST(Functions, RefusesExplosions) {
  // Each function calls the next one twice: 2^30 nodes.
  std::vector<Wire> functions;
  for (int i = 0; i < 30; ++i) {
    const std::string next = "F" + std::to_string(i + 1);
    functions.push_back(function("F" + std::to_string(i), {"a"}, {"b"},
                                 {call(next, {"a"}, {"t"}), call(next, {"t"}, {"b"})}));
  }
  functions.push_back(function("F30", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})}));
  const std::vector<Wire> use = {call("F0", {"x"}, {"y"})};
  EXPECT_EQ(load_bytes(model_of(use, functions)).code, 6);
  // A chain far too long for the stack.
  std::vector<Wire> chain;
  for (int i = 0; i < 20000; ++i)
    chain.push_back(function("F" + std::to_string(i), {"a"}, {"b"},
                             {call("F" + std::to_string(i + 1), {"a"}, {"b"})}));
  EXPECT_EQ(load_bytes(model_of(use, chain)).code, 6);
}

TEST(Functions, RefusesBrokenOnes) {
  const Wire f = function("F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
  EXPECT_EQ(load_bytes(model_of({call("F", {"x"}, {"y"})}, {f, f})).code, 3);
  EXPECT_EQ(load_bytes(model_of({call("F", {"x", "x"}, {"y"})}, {f})).code, 3);
  EXPECT_EQ(load_bytes(model_of({call("F", {"x"}, {"y", "z"})}, {f})).code, 3);
  const Wire undefined = function("F", {"a"}, {"b"}, {node("Relu", {"x"}, {"b"})});
  EXPECT_EQ(load_bytes(model_of({call("F", {"x"}, {"y"})}, {undefined})).code, 3);
}

}  // namespace
}  // namespace keel
