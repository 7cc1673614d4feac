// A, B -> MatMul -> Add(C) -> Y   =>   A, B, C -> keel.Linear -> Y
//
// for a matrix B and a constant C of one value per column of the result.
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

// Float, and ones but for the last axis.
bool is_row(const Tensor& tensor, std::int64_t n, std::int64_t rank) {
  const Shape& dims = tensor.shape();
  return tensor.type() == DataType::Float && !dims.empty() && dims.back() == n &&
         tensor.size() == n && static_cast<std::int64_t>(dims.size()) <= rank;
}

// The MatMul that makes `id` for nobody else; null otherwise.
const Node* product_of(const Graph& graph, ValueId id) {
  const Value& value = graph.values[id];
  if (value.producer == kNone || value.users.size() != 1 || value.graph_output) return nullptr;
  const Node& node = graph.nodes[value.producer];
  const bool plain = node.op_type == "MatMul" && node.domain.empty() && node.epilogue.empty();
  if (!plain || value.type.type != DataType::Float) return nullptr;
  const TensorType &a = graph.values[node.inputs[0]].type, &b = graph.values[node.inputs[1]].type;
  const bool fits = a.ranked && b.ranked && a.rank() >= 2 && b.rank() == 2 && b.dims[1] > 0;
  return fits ? &node : nullptr;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "Add" || !node.domain.empty() || node.has("axis")) return {};
  if (node.epilogue.residual) return {};
  for (std::size_t side = 0; side < 2; ++side) {
    const Node* matmul = product_of(graph, node.inputs[side]);
    const ValueId added = node.inputs[1 - side];
    const Tensor* bias = graph.constant(added);
    if (matmul == nullptr || bias == nullptr || graph.values[added].overridable) continue;
    const std::int64_t n = graph.values[matmul->inputs[1]].type.dims[1];
    if (!is_row(*bias, n, graph.values[node.inputs[side]].type.rank())) continue;
    Patch patch(graph);
    // The constant itself where it is [n], else the same bytes under that shape.
    Tensor row(DataType::Float, {n}, const_cast<void*>(bias->data()),
               std::const_pointer_cast<Tensor>(graph.values[added].constant));
    const ValueId c = bias->shape().size() == 1
                          ? added
                          : patch.add_constant(graph.values[added].name, std::move(row));
    Node linear;
    linear.name = matmul->name;
    linear.op_type = "Linear";
    linear.domain = "keel";
    linear.inputs = {matmul->inputs[0], matmul->inputs[1], c};
    linear.outputs = node.outputs;
    linear.epilogue = node.epilogue;
    Decision decision;
    decision.pattern = "MatMul->Add";
    decision.blocker = matmul->name;
    patch.remove_node(id);
    patch.remove_node(graph.values[node.inputs[side]].producer);
    patch.add_node(std::move(linear));
    return {std::move(patch), decision};
  }
  return {};
}

}  // namespace

PassDef fuse_linear() { return {Phase::Fuse, "fuse_linear", visit}; }

}  // namespace keel::passes
