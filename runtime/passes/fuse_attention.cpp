// Q -> [Transpose] -> [* c] -.
// K -> [Transpose] -------- MatMul -> [* c] -> [+ mask] -> Softmax -.
// V -> [Transpose] --------------------------------------------- MatMul -> [Transpose] -> Y
//
//   =>   Q, K, V, mask -> keel.Attention -> Y
//
// What stands in brackets may be missing; a multiplication may be a division.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

using Perm = std::vector<std::int64_t>;

// The node of that operator that makes `id` for nobody else; null otherwise.
const Node* only_made_by(const Graph& graph, ValueId id, const char* op) {
  const Value& value = graph.values[id];
  if (value.producer == kNone || value.users.size() != 1 || value.graph_output) return nullptr;
  const Node& node = graph.nodes[value.producer];
  const bool same =
      node.op_type == op && node.domain.empty() && node.epilogue.empty() && !node.has("axis");
  return same ? &node : nullptr;
}

Perm identity(std::int64_t rank) {
  Perm perm(static_cast<std::size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  return perm;
}

// `id` or, behind a Transpose that leaves `contiguous` (an axis of the result) last in memory, what
// it transposes.
struct View {
  ValueId value;
  Perm perm;
};
View view_of(const Graph& graph, ValueId id, std::size_t contiguous) {
  const std::int64_t rank = graph.values[id].type.rank();
  if (const Node* node = only_made_by(graph, id, "Transpose")) {
    const Perm perm = node->ints_or("perm", {});
    if (static_cast<std::int64_t>(perm.size()) == rank && perm[contiguous] == rank - 1 &&
        graph.values[node->inputs[0]].type.ranked)
      return {node->inputs[0], perm};
  }
  return {id, identity(rank)};
}

// Takes a multiplication by a constant of one float off `id` into `scale`.
ValueId unscaled(const Graph& graph, ValueId id, double& scale) {
  for (const char* op : {"Mul", "Div"}) {
    const Node* node = only_made_by(graph, id, op);
    for (std::size_t i = 0; node != nullptr && i < (op[0] == 'M' ? 2 : 1); ++i) {
      const ValueId factor = node->inputs[1 - i];
      const Tensor* value = graph.constant(factor);
      if (value == nullptr || graph.values[factor].overridable || value->size() != 1 ||
          value->type() != DataType::Float || value->shape().size() > 1)
        continue;
      const double c = static_cast<double>(value->data_as<float>()[0]);
      const double product = op[0] == 'M' ? scale * c : scale / c;
      if (!std::isfinite(product)) continue;
      scale = product;
      return node->inputs[i];
    }
  }
  return id;
}

bool is_float(const Graph& graph, ValueId id, std::int64_t rank) {
  const TensorType& type = graph.values[id].type;
  return type.type == DataType::Float && type.ranked && type.rank() == rank;
}

// Broadcast to `dims`, the mask's axes are 1 or the same.
bool keeps_shape(const Graph& graph, ValueId mask, const Shape& dims) {
  const Shape& own = graph.values[mask].type.dims;
  for (std::size_t i = 0; i < own.size(); ++i)
    if (own[i] != 1 && own[i] != dims[dims.size() - own.size() + i]) return false;
  return true;
}

struct Scores {
  ValueId q = kNone, k = kNone, mask = kNone;
  double scale = 1;
};

// scale * Q * K [+ mask]; q is kNone where `id` is something else.
Scores scores_of(const Graph& graph, ValueId id, std::int64_t rank) {
  Scores scores;
  const Node* product = nullptr;
  const auto find = [&](ValueId from) {
    scores.scale = 1;
    product = only_made_by(graph, unscaled(graph, from, scores.scale), "MatMul");
    return product != nullptr;
  };
  if (const Node* add = only_made_by(graph, id, "Add")) {
    for (std::size_t i = 0; i < 2 && product == nullptr; ++i) {
      const TensorType& mask = graph.values[add->inputs[1 - i]].type;
      if (mask.type != DataType::Float || !mask.ranked || mask.rank() > rank) continue;
      if (find(add->inputs[i])) scores.mask = add->inputs[1 - i];
    }
  } else {
    find(id);
  }
  if (product == nullptr) return {};
  scores.q = unscaled(graph, product->inputs[0], scores.scale);
  scores.k = product->inputs[1];
  return scores;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "MatMul" || !node.domain.empty() || !node.epilogue.empty()) return {};
  const std::int64_t rank = graph.values[node.outputs[0]].type.rank();
  const Value& weights = graph.values[node.inputs[0]];
  if (weights.producer == kNone || weights.users.size() != 1 || weights.graph_output) return {};
  const Node& softmax = graph.nodes[weights.producer];
  if (softmax.op_type != "Softmax" || !softmax.domain.empty() || softmax.int_or("flatten", 0) != 0)
    return {};
  const std::int64_t axis = softmax.int_or("axis", -1);
  if (rank < 3 || !is_float(graph, node.outputs[0], rank) || (axis != -1 && axis != rank - 1))
    return {};
  const Scores scores = scores_of(graph, softmax.inputs[0], rank);
  if (scores.q == kNone || !is_float(graph, scores.q, rank) || !is_float(graph, scores.k, rank) ||
      !is_float(graph, node.inputs[1], rank))
    return {};
  // A mask that may widen the scores is no mask.
  const Shape& dims = graph.values[node.inputs[0]].type.dims;
  const bool known = std::find(dims.begin(), dims.end(), kUnknownDim) == dims.end();
  if (scores.mask != kNone && (!known || !keeps_shape(graph, scores.mask, dims))) return {};
  const auto last = static_cast<std::size_t>(rank - 1);
  const View q = view_of(graph, scores.q, last), k = view_of(graph, scores.k, last - 1),
             v = view_of(graph, node.inputs[1], last);
  Node attention;
  attention.name = node.name;
  attention.op_type = "Attention";
  attention.domain = "keel";
  attention.inputs = {q.value, k.value, v.value};
  if (scores.mask != kNone) attention.inputs.push_back(scores.mask);
  attention.outputs = node.outputs;
  attention.attributes["perm_q"] = q.perm;
  attention.attributes["perm_k"] = k.perm;
  attention.attributes["perm_v"] = v.perm;
  attention.attributes["perm_y"] = identity(rank);
  attention.attributes["scale"] = static_cast<float>(scores.scale);
  Patch patch(graph);
  patch.remove_node(id);
  const Value& y = graph.values[node.outputs[0]];
  if (y.users.size() == 1 && !y.graph_output) {
    const Node& user = graph.nodes[y.users[0]];
    const Perm perm = user.ints_or("perm", {});
    if (user.op_type == "Transpose" && user.domain.empty() && perm.size() == last + 1 &&
        perm.back() == rank - 1) {
      attention.attributes["perm_y"] = perm;
      attention.outputs = user.outputs;
      patch.remove_node(y.users[0]);
    }
  }
  patch.add_node(std::move(attention));
  Decision decision;
  decision.pattern = "MatMul->Softmax->MatMul";
  decision.blocker = softmax.name;
  return {std::move(patch), decision};
}

}  // namespace

PassDef fuse_attention() { return {Phase::Fuse, "fuse_attention", visit}; }

}  // namespace keel::passes
