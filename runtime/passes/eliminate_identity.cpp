// x -> Identity | Dropout (inference) | Cast to its own type -> y   =>   x
#include "runtime/op.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

bool mask_unused(const Graph& graph, const Node& node) {
  return !node.has_output(1) || (graph.values[node.outputs[1]].users.empty() &&
                                 !graph.values[node.outputs[1]].graph_output);
}

bool is_identity(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || !node.has_input(0)) return false;
  if (node.op_type == "Identity") return true;
  if (node.op_type == "Cast") {
    const DataType from = graph.values[node.inputs[0]].type.type;
    return from != DataType::Undefined && static_cast<std::int64_t>(from) == node.int_or("to", 0);
  }
  // Dropout drops only where the third input says that it is training.
  return node.op_type == "Dropout" && !node.has_input(2) && mask_unused(graph, node);
}

PassResult visit(const PassContext& context, NodeId id) {
  const Node& node = context.graph.nodes[id];
  if (!is_identity(context.graph, node)) return {};
  Patch patch(context.graph);
  patch.replace_uses(node.outputs[0], node.inputs[0]);
  patch.remove_node(id);
  return {std::move(patch), std::nullopt};
}

}  // namespace

PassDef eliminate_identity() { return {Phase::Simplify, "eliminate_identity", visit}; }

}  // namespace keel::passes
