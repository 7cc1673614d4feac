// Epilogues: an activation or a residual add behind a convolution becomes part of it, and the
// result stays what the oracle says.
#include <gtest/gtest.h>

#include "runtime/model.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(12);
const Size kBatch = std::string("N");

ModelBuilder conv(std::int64_t channels) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, channels, 9, 7});
  m.constant("w", random_tensor(source, DataType::Float, {channels, channels, 3, 3}));
  m.node("Conv", {"x", "w"}, {"c"}, {{"pads", Ints{1, 1, 1, 1}}});
  return m;
}

// Nodes that stay, reorders aside.
std::size_t nodes_after(Graph graph) {
  std::vector<Decision> decisions;
  optimize_for_running(graph, {}, decisions);
  std::size_t count = 0;
  for (NodeId id : graph.order) count += graph.nodes[id].op_type != "Reorder";
  return count;
}

void check(const ModelBuilder& m, std::size_t nodes) {
  const Graph graph = m.graph();
  EXPECT_EQ(nodes_after(graph), nodes);
  check_graph(graph,
              {{"x", random_tensor(source, DataType::Float,
                                   {2, graph.values[graph.inputs[0]].type.dims[1], 9, 7})}},
              2e-5);
}

TEST(FuseActivation, EveryActivationIntoAConvolution) {
  for (const char* op : {"Relu", "LeakyRelu", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh", "Elu",
                         "Mish", "Softplus", "Gelu"})
    for (std::int64_t channels : {3, 16, 20}) {
      SCOPED_TRACE(op);
      ModelBuilder m = conv(channels);
      m.node(op, {"c"}, {"y"}).output("y");
      check(m, 1);
    }
}

TEST(FuseActivation, ClipWithKnownBounds) {
  ModelBuilder m = conv(8);
  m.constant("low", make_tensor<float>({}, {0})).constant("high", make_tensor<float>({}, {6}));
  m.node("Clip", {"c", "low", "high"}, {"y"}).output("y");
  check(m, 1);
}

TEST(FuseActivation, NotWhereTheResultBeforeItIsUsed) {
  ModelBuilder m = conv(8);
  m.node("Relu", {"c"}, {"y"}).output("y").output("c");
  check(m, 2);
}

TEST(FuseResidual, AddBehindAConvolutionThenRelu) {
  ModelBuilder m = conv(20);
  m.node("Add", {"c", "x"}, {"s"}).node("Relu", {"s"}, {"y"}).output("y");
  check(m, 1);
}

TEST(FuseResidual, NotOfAnotherShape) {
  ModelBuilder m = conv(8);
  m.constant("k", random_tensor(source, DataType::Float, {8, 9, 7}));
  m.node("Add", {"c", "k"}, {"y"}).output("y");
  check(m, 2);
}

TEST(RecogniseSwish, SigmoidTimesItsInput) {
  ModelBuilder m = conv(16);
  m.node("Sigmoid", {"c"}, {"g"}).node("Mul", {"c", "g"}, {"y"}).output("y");
  check(m, 1);
}

}  // namespace
}  // namespace keel::test
