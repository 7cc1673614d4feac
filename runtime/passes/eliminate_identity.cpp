// x -> Identity | Dropout (inference) | Cast to its own type | Pad by nothing -> y   =>   x
#include <algorithm>

#include "runtime/op.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

bool mask_unused(const Graph& graph, const Node& node) {
  return !node.has_output(1) || (graph.values[node.outputs[1]].users.empty() &&
                                 !graph.values[node.outputs[1]].graph_output);
}

bool pads_nothing(const Graph& graph, const Node& node) {
  const Tensor* pads = node.has_input(1) ? graph.constant(node.inputs[1]) : nullptr;
  if (pads == nullptr || pads->type() != DataType::Int64 ||
      graph.values[node.inputs[1]].overridable)
    return false;
  const auto* values = pads->data_as<std::int64_t>();
  return std::all_of(values, values + pads->size(), [](std::int64_t pad) { return pad == 0; });
}

bool is_identity(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || !node.has_input(0)) return false;
  if (node.op_type == "Identity") return true;
  if (node.op_type == "Cast") {
    const DataType from = graph.values[node.inputs[0]].type.type;
    return from != DataType::Undefined && static_cast<std::int64_t>(from) == node.int_or("to", 0);
  }
  if (node.op_type == "Pad") return pads_nothing(graph, node);
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
