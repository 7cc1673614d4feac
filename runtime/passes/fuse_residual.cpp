// X -> Conv -+                     X -> Conv[epilogue: + R] -> Y
//            Add -> Y      =>           R -'
// R ---------'
//
// The residual becomes the last input of the convolution; of keel.Linear likewise.
#include <algorithm>

#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

constexpr std::size_t kResidual = 3;  // behind X, W, B; behind A, B, C

bool same_known_shape(const TensorType& a, const TensorType& b) {
  return a.ranked && b.ranked && a.type == DataType::Float && b.type == a.type &&
         a.dims == b.dims && std::find(a.dims.begin(), a.dims.end(), kUnknownDim) == a.dims.end();
}

bool can_take(const Graph& graph, ValueId result) {
  const Value& value = graph.values[result];
  if (value.producer == kNone || value.users.size() != 1 || value.graph_output) return false;
  const Node& node = graph.nodes[value.producer];
  const bool conv = node.op_type == "Conv" && node.domain.empty();
  const bool linear = node.op_type == "Linear" && node.domain == "keel";
  return (conv || linear) && node.epilogue.empty();
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "Add" || !node.domain.empty() || node.has("axis")) return {};
  const TensorType &a = graph.values[node.inputs[0]].type, &b = graph.values[node.inputs[1]].type;
  if (!same_known_shape(a, b)) return {};
  // The convolution that the model computes last: the other operand is then ready.
  std::size_t side = 2;
  for (std::size_t i = 0; i < 2; ++i)
    if (can_take(graph, node.inputs[i]) &&
        (side == 2 ||
         graph.values[node.inputs[i]].producer > graph.values[node.inputs[side]].producer))
      side = i;
  if (side == 2 || node.inputs[0] == node.inputs[1]) return {};
  const NodeId conv = graph.values[node.inputs[side]].producer;
  Patch patch(graph);
  patch.set_input(conv, kResidual, node.inputs[1 - side]);
  Epilogue epilogue;
  epilogue.residual = true;
  epilogue.activation = node.epilogue.activation;
  patch.set_epilogue(conv, epilogue);
  patch.set_output(conv, 0, node.outputs[0]);
  patch.remove_node(id);
  Decision decision;
  decision.pattern = graph.nodes[conv].op_type + "->Add";
  decision.blocker = graph.nodes[conv].name;
  return {std::move(patch), decision};
}

}  // namespace

PassDef fuse_residual() { return {Phase::Fuse, "fuse_residual", visit}; }

}  // namespace keel::passes
