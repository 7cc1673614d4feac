// x -+-> Sigmoid --.                x -> Swish -> y
//    '------------ Mul -> y   =>
//
// and HardSigmoid(alpha = 1/6, beta = 1/2) likewise to HardSwish.
#include <cmath>

#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

// "Swish", "HardSwish", or nothing.
const char* gate_of(const Node& gate) {
  if (!gate.domain.empty()) return nullptr;
  if (gate.op_type == "Sigmoid") return "Swish";
  const bool hard = gate.op_type == "HardSigmoid" && gate.float_or("beta", 0.5f) == 0.5f &&
                    std::abs(gate.float_or("alpha", 0.2f) - 1.0f / 6.0f) < 1e-7f;
  return hard ? "HardSwish" : nullptr;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "Mul" || !node.domain.empty() || node.has("axis")) return {};
  for (std::size_t i = 0; i < 2; ++i) {
    const Value& gated = graph.values[node.inputs[i]];
    if (gated.producer == kNone || gated.users.size() != 1 || gated.graph_output) continue;
    const Node& gate = graph.nodes[gated.producer];
    const char* name = gate_of(gate);
    if (name == nullptr || gate.inputs[0] != node.inputs[1 - i] || !gate.epilogue.empty()) continue;
    Node swish;
    swish.name = node.name;
    swish.op_type = name;
    swish.version = node.version;
    swish.inputs = {gate.inputs[0]};
    swish.outputs = node.outputs;
    swish.epilogue = node.epilogue;
    Patch patch(graph);
    patch.remove_node(id);
    patch.add_node(std::move(swish));
    return {std::move(patch), std::nullopt};
  }
  return {};
}

}  // namespace

PassDef recognise_swish() { return {Phase::Simplify, "recognise_swish", visit}; }

}  // namespace keel::passes
