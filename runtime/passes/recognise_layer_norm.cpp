// d = x - ReduceMean(x)                          =>   LayerNormalization(x, scale, bias)
// d / Sqrt(ReduceMean(d^2) + epsilon) * scale + bias
//
// over the last axis, with constants for scale and bias. The square may be Pow(d, 2) or d * d.
#include <cmath>

#include "runtime/constants.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

// The node of that operator that makes `id`, else null.
const Node* made_by(const Graph& graph, ValueId id, const char* op) {
  const NodeId producer = graph.values[id].producer;
  if (producer == kNone) return nullptr;
  const Node& node = graph.nodes[producer];
  const bool same =
      node.op_type == op && node.domain.empty() && node.epilogue.empty() && !node.has("axis");
  return same ? &node : nullptr;
}

const Tensor* float_constant(const Graph& graph, ValueId id) {
  const Tensor* tensor = graph.constant(id);
  const bool fixed = tensor != nullptr && !graph.values[id].overridable;
  return fixed && tensor->type() == DataType::Float ? tensor : nullptr;
}

// The mean of input 0 over the last axis, which stays as 1.
const Node* mean_of(const Graph& graph, ValueId id) {
  const Node* node = made_by(graph, id, "ReduceMean");
  if (node == nullptr || node->int_or("keepdims", 1) == 0 || !node->has_input(1)) return nullptr;
  const Tensor* axes = graph.constant(node->inputs[1]);
  const TensorType& x = graph.values[node->inputs[0]].type;
  if (axes == nullptr || axes->type() != DataType::Int64 || axes->size() != 1 || !x.ranked)
    return nullptr;
  const std::int64_t axis = axes->data_as<std::int64_t>()[0];
  return axis == -1 || axis == x.rank() - 1 ? node : nullptr;
}

bool is_square_of(const Graph& graph, ValueId id, ValueId d) {
  if (const Node* mul = made_by(graph, id, "Mul"))
    return mul->inputs[0] == d && mul->inputs[1] == d;
  const Node* pow = made_by(graph, id, "Pow");
  if (pow == nullptr || pow->inputs[0] != d) return false;
  const Tensor* exponent = graph.constant(pow->inputs[1]);
  return exponent != nullptr && is_floating(exponent->type()) && exponent->size() == 1 &&
         exponent->shape().size() <= 1 && element_as_double(*exponent, 0) == 2;
}

struct Normalised {
  ValueId x = kNone;
  float epsilon = 0;
};

// x and epsilon of (x - mean) / sqrt(variance + epsilon); x is kNone for anything else.
Normalised normalised_of(const Graph& graph, ValueId id) {
  const Node* div = made_by(graph, id, "Div");
  if (div == nullptr) return {};
  const ValueId d = div->inputs[0];
  const Node *sub = made_by(graph, d, "Sub"), *root = made_by(graph, div->inputs[1], "Sqrt");
  if (sub == nullptr || root == nullptr) return {};
  const Node* mean = mean_of(graph, sub->inputs[1]);
  const Node* add = made_by(graph, root->inputs[0], "Add");
  if (mean == nullptr || add == nullptr || mean->inputs[0] != sub->inputs[0]) return {};
  for (std::size_t i = 0; i < 2; ++i) {
    const Node* variance = mean_of(graph, add->inputs[i]);
    const Tensor* epsilon = float_constant(graph, add->inputs[1 - i]);
    if (variance == nullptr || epsilon == nullptr || epsilon->size() != 1) continue;
    if (epsilon->shape().size() <= 1 && is_square_of(graph, variance->inputs[0], d))
      return {sub->inputs[0], epsilon->data_as<float>()[0]};
  }
  return {};
}

// The other operand of `node`, a constant [n]; kNone where that is not what it is.
ValueId row_beside(const Graph& graph, const Node& node, std::size_t i, std::int64_t n) {
  const Tensor* row = float_constant(graph, node.inputs[1 - i]);
  return row != nullptr && row->shape() == Shape{n} ? node.inputs[1 - i] : kNone;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "Add" || !node.domain.empty() || node.has("axis")) return {};
  if (!node.epilogue.empty()) return {};
  for (std::size_t i = 0; i < 2; ++i) {
    const Node* mul = made_by(graph, node.inputs[i], "Mul");
    for (std::size_t k = 0; mul != nullptr && k < 2; ++k) {
      const Normalised found = normalised_of(graph, mul->inputs[k]);
      if (found.x == kNone) continue;
      const TensorType& x = graph.values[found.x].type;
      if (x.type != DataType::Float || !x.ranked || x.rank() < 1) continue;
      const ValueId scale = row_beside(graph, *mul, k, x.dims.back());
      const ValueId bias = row_beside(graph, node, i, x.dims.back());
      if (scale == kNone || bias == kNone) continue;
      Node norm;
      norm.name = node.name;
      norm.op_type = "LayerNormalization";
      norm.version = node.version;
      norm.inputs = {found.x, scale, bias};
      norm.outputs = node.outputs;
      norm.attributes["epsilon"] = found.epsilon;
      Patch patch(graph);
      patch.remove_node(id);
      patch.add_node(std::move(norm));
      return {std::move(patch), std::nullopt};
    }
  }
  return {};
}

}  // namespace

PassDef recognise_layer_norm() { return {Phase::Fuse, "recognise_layer_norm", visit}; }

}  // namespace keel::passes
