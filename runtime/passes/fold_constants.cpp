// Shape -> Gather -> Concat (all known)   =>   a constant
//
// Computes every node whose inputs are known, and nodes that read only the shapes of inputs whose
// sizes are known.
#include "runtime/error.h"
#include "runtime/op.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

// Larger results (a ConstantOfShape, say) are left to the run.
constexpr std::size_t kLargestFolded = std::size_t{64} << 20;

bool outputs_known(const Graph& graph, const Node& node) {
  for (ValueId output : node.outputs)
    if (output != kNone && graph.values[output].constant == nullptr) return false;
  return true;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  Patch patch(graph);
  if (!node.outputs.empty() && outputs_known(graph, node)) {  // a Constant node
    patch.remove_node(id);
    return {std::move(patch), std::nullopt};
  }
  const OpDef& op = op_of(node);
  if (!node.captured.empty() || node.inputs.empty() || !node.epilogue.empty()) return {};
  std::vector<const Tensor*> inputs(node.inputs.size(), nullptr);
  std::vector<Tensor> shapes(node.inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    const Value& value = graph.values[node.inputs[i]];
    if (!value.overridable) inputs[i] = value.constant.get();
    if (inputs[i] == nullptr && op.shape_only && value.type.is_static()) {
      shapes[i] = Tensor(value.type.type, value.type.dims, nullptr, nullptr);
      inputs[i] = &shapes[i];
    }
    if (inputs[i] == nullptr) return {};
  }
  std::size_t bytes = 0;
  for (ValueId output : node.outputs) {
    if (output == kNone) continue;
    const TensorType& type = graph.values[output].type;
    if (!type.is_static()) return {};
    bytes += storage_bytes(type.type, type.dims, Layout::Plain);
  }
  if (bytes > kLargestFolded) return {};
  std::vector<Tensor> outputs = evaluate(node, inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (node.has_output(i))
      patch.set_constant(node.outputs[i], std::make_shared<const Tensor>(std::move(outputs[i])));
  patch.remove_node(id);
  return {std::move(patch), std::nullopt};
}

}  // namespace

PassDef fold_constants() { return {Phase::Simplify, "fold_constants", visit}; }

}  // namespace keel::passes
