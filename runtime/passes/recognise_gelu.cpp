// x * 1/2 * (1 + Erf(x / sqrt(2)))   =>   Gelu(x)
//
// The three factors in any order and nesting; the division may be a multiplication by 1 / sqrt(2).
#include <cmath>
#include <vector>

#include "runtime/constants.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

bool is_op(const Graph& graph, ValueId id, const char* op) {
  const NodeId producer = graph.values[id].producer;
  if (producer == kNone) return false;
  const Node& node = graph.nodes[producer];
  return node.op_type == op && node.domain.empty() && node.epilogue.empty() && !node.has("axis");
}
const Node& producer_of(const Graph& graph, ValueId id) {
  return graph.nodes[graph.values[id].producer];
}

// The value of a constant of one float.
bool is_scalar(const Graph& graph, ValueId id, double value) {
  const Tensor* tensor = graph.constant(id);
  return tensor != nullptr && tensor->type() == DataType::Float && tensor->size() == 1 &&
         tensor->shape().size() <= 1 && !graph.values[id].overridable &&
         std::abs(element_as_double(*tensor, 0) / value - 1) < 1e-6;
}

// x of 1 + Erf(x / sqrt(2)), else kNone.
ValueId argument_of(const Graph& graph, ValueId sum) {
  if (!is_op(graph, sum, "Add")) return kNone;
  const Node& add = producer_of(graph, sum);
  for (std::size_t i = 0; i < 2; ++i) {
    if (!is_scalar(graph, add.inputs[1 - i], 1) || !is_op(graph, add.inputs[i], "Erf")) continue;
    const ValueId scaled = producer_of(graph, add.inputs[i]).inputs[0];
    if (is_op(graph, scaled, "Div")) {
      const Node& div = producer_of(graph, scaled);
      if (is_scalar(graph, div.inputs[1], std::sqrt(2.0))) return div.inputs[0];
    }
    if (is_op(graph, scaled, "Mul")) {
      const Node& mul = producer_of(graph, scaled);
      for (std::size_t k = 0; k < 2; ++k)
        if (is_scalar(graph, mul.inputs[1 - k], std::sqrt(0.5))) return mul.inputs[k];
    }
  }
  return kNone;
}

// The factors a, b, c of (a * b) * c or a * (b * c), each of the two ways where both are products.
std::vector<std::vector<ValueId>> factors_of(const Graph& graph, const Node& node) {
  std::vector<std::vector<ValueId>> all;
  for (std::size_t i = 0; i < 2; ++i) {
    if (!is_op(graph, node.inputs[i], "Mul")) continue;
    const Node& inner = producer_of(graph, node.inputs[i]);
    all.push_back({inner.inputs[0], inner.inputs[1], node.inputs[1 - i]});
  }
  return all;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "Mul" || !node.domain.empty() || node.has("axis")) return {};
  if (node.epilogue.residual || graph.values[node.outputs[0]].type.type != DataType::Float)
    return {};
  for (const std::vector<ValueId>& factors : factors_of(graph, node))
    for (std::size_t half = 0; half < 3; ++half)
      for (std::size_t sum = 0; sum < 3; ++sum) {
        if (sum == half || !is_scalar(graph, factors[half], 0.5)) continue;
        const ValueId x = factors[3 - half - sum];
        if (argument_of(graph, factors[sum]) != x || !graph.values[x].type.ranked ||
            graph.values[x].type.rank() < 1)
          continue;
        Node gelu;
        gelu.name = node.name;
        gelu.op_type = "Gelu";
        gelu.version = node.version;
        gelu.inputs = {x};
        gelu.outputs = node.outputs;
        gelu.epilogue = node.epilogue;
        Patch patch(graph);
        patch.remove_node(id);
        patch.add_node(std::move(gelu));
        return {std::move(patch), std::nullopt};
      }
  return {};
}

}  // namespace

PassDef recognise_gelu() { return {Phase::Fuse, "recognise_gelu", visit}; }

}  // namespace keel::passes
