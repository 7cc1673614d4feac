// X -> Conv -> Relu -> Flatten   =>   X -> Reorder -> Conv -> Relu -> Reorder -> Flatten
//      (plain)                               (NCHW16c from the first Reorder to the second)
//
// Every operator says which inputs it wants and which outputs it gives in NCHW16c; this pass sets
// the outputs' layouts and places a Reorder where a value lies otherwise than its user wants it.
#include "runtime/op.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

Layout wanted(std::uint64_t mask, std::size_t i) {
  return i < 64 && (mask >> i & 1) != 0 ? Layout::Blocked16 : Layout::Plain;
}

LayoutChoice choice_of(const Graph& graph, const Node& node) {
  const OpDef& op = op_of(node);
  if (op.layout == nullptr) return {};
  return op.layout(layout_query(graph, node));
}

bool is_reorder(const Node& node) { return node.domain == "keel" && node.op_type == "Reorder"; }

// The value of `id` in the other layout, where some Reorder makes it already.
ValueId reordered(const Graph& graph, ValueId id) {
  for (NodeId user : graph.values[id].users)
    if (is_reorder(graph.nodes[user])) return graph.nodes[user].outputs[0];
  const NodeId producer = graph.values[id].producer;
  if (producer != kNone && is_reorder(graph.nodes[producer]) &&
      graph.values[graph.nodes[producer].inputs[0]].type.rank() == graph.values[id].type.rank())
    return graph.nodes[producer].inputs[0];
  return kNone;
}

// A per-channel constant of a lower rank ([C, 1, 1]) lies in NCHW16c as [1, C, 1, 1].
TensorType with_rank(TensorType type, std::int64_t rank) {
  while (type.rank() < rank) type.dims.insert(type.dims.begin(), 1);
  return type;
}

ValueId add_reorder(Patch& patch, const Graph& graph, ValueId from, Layout to, std::int64_t rank) {
  const Value& value = graph.values[from];
  const bool block = to == Layout::Blocked16;
  const TensorType type = block ? with_rank(value.type, rank) : value.type;
  const ValueId result = patch.add_value(value.name + (block ? "_blocked" : "_plain"), type, to);
  Node node;
  node.name = graph.values[from].name + (block ? ":to_blocked" : ":to_plain");
  node.domain = "keel";
  node.op_type = "Reorder";
  node.inputs = {from};
  node.outputs = {result};
  if (block) node.attributes["rank"] = type.rank();
  patch.add_node(std::move(node));
  return result;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (is_reorder(node)) return {};
  const LayoutChoice choice = choice_of(graph, node);
  Patch patch(graph);
  bool changed = false;
  const std::int64_t rank = node.has_output(0) ? graph.values[node.outputs[0]].type.rank() : 0;
  std::map<ValueId, ValueId> made;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    const ValueId input = node.inputs[i];
    const Layout layout = wanted(choice.blocked_inputs, i);
    if (graph.values[input].layout == layout) continue;
    ValueId other = made.count(input) ? made[input] : reordered(graph, input);
    if (other == kNone) other = made[input] = add_reorder(patch, graph, input, layout, rank);
    patch.set_input(id, i, other);
    changed = true;
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.has_output(i) || wanted(choice.blocked_outputs, i) == Layout::Plain) continue;
    const ValueId output = node.outputs[i];
    const Value& value = graph.values[output];
    if (value.layout == Layout::Blocked16) continue;
    changed = true;
    if (!value.graph_output) {
      patch.set_layout(output, Layout::Blocked16);
      continue;
    }
    // The model's output stays plain, behind a Reorder; the other users read the blocked one.
    const ValueId blocked = patch.add_value(value.name + "_blocked", value.type, Layout::Blocked16);
    patch.set_output(id, i, blocked);
    for (NodeId user : value.users)
      for (std::size_t slot = 0; slot < graph.nodes[user].inputs.size(); ++slot)
        if (graph.nodes[user].inputs[slot] == output) patch.set_input(user, slot, blocked);
    Node reorder;
    reorder.name = value.name + ":to_plain";
    reorder.domain = "keel";
    reorder.op_type = "Reorder";
    reorder.inputs = {blocked};
    reorder.outputs = {output};
    patch.add_node(std::move(reorder));
  }
  if (!changed) return {};
  return {std::move(patch), std::nullopt};
}

}  // namespace

PassDef assign_layout() { return {Phase::Layout, "assign_layout", visit}; }

}  // namespace keel::passes
