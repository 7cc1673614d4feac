#include "runtime/folding/chain.h"

#include <algorithm>
#include <cmath>

#include "runtime/constants.h"
#include "runtime/folding/batchnorm_map.h"

namespace keel::folding {
namespace {

// The elements of the constant as one per coordinate of one axis of a value of rank `rank`; for a
// bare [C] that is the last axis. `at` is where its first dim stands if the node says so (before
// opset 7), else negative. Nullopt where it runs along several axes or adds some.
std::optional<Affine> spread_constant(const Tensor& constant, const TensorType& data,
                                      std::int64_t at) {
  Affine map{Affine::kUniform, as_doubles(constant), {}};
  map.t = map.s;
  if (constant.shape().empty()) return map;
  const auto rank = static_cast<std::int64_t>(constant.shape().size());
  if (!data.ranked || rank > data.rank()) return std::nullopt;
  const std::int64_t first = at >= 0 ? at : data.rank() - rank;
  for (std::int64_t i = 0; i < rank; ++i) {
    const std::int64_t size = constant.shape()[static_cast<std::size_t>(i)];
    if (size == 1) continue;
    const std::int64_t axis = first + i;
    // A value of size 1 there would be broadcast to the constant.
    if (!map.uniform() || axis >= data.rank() || data.dims[axis] != size) return std::nullopt;
    map.axis = axis;
  }
  return map;
}

// x + c, x - c, c - x, x * c, x / c; c / x is no affine map.
std::optional<AffineNode> arithmetic_node(const Graph& graph, const Node& node,
                                          bool allow_overridable) {
  const bool add = is_op(node, "Add"), sub = is_op(node, "Sub");
  const bool mul = is_op(node, "Mul"), div = is_op(node, "Div");
  if (!(add || sub || mul || div) || node.inputs.size() != 2) return std::nullopt;
  const auto right = constant_behind(graph, node.inputs[1]);
  const auto left = right != nullptr ? nullptr : constant_behind(graph, node.inputs[0]);
  const auto& constant = right != nullptr ? right : left;
  if (constant == nullptr || !is_floating(constant->type()) || constant->size() == 0)
    return std::nullopt;
  const ValueId data = node.inputs[right != nullptr ? 0 : 1];
  const ValueId other = node.inputs[right != nullptr ? 1 : 0];
  if (constant_behind(graph, data) != nullptr) return std::nullopt;
  if (overridable_behind(graph, other) && !allow_overridable) return std::nullopt;
  if (left != nullptr && (div || node.has("axis"))) return std::nullopt;
  auto map = spread_constant(*constant, graph.values[data].type, node.int_or("axis", -1));
  if (!map) return std::nullopt;
  for (std::size_t c = 0; c < map->channels(); ++c) {
    const double value = map->s[c];
    map->s[c] = mul ? value : div ? 1 / value : left != nullptr && sub ? -1 : 1;
    map->t[c] = add || (left != nullptr && sub) ? value : sub ? -value : 0;
    if (!std::isfinite(map->s[c]) || !std::isfinite(map->t[c])) return std::nullopt;
  }
  return AffineNode{data, std::move(*map)};
}

bool only_used_once(const Graph& graph, ValueId id) {
  const Value& value = graph.values[id];
  return value.users.size() == 1 && !value.graph_output;
}

// Whether the chain goes on behind the node that gives `id` as `map`.
bool continued(const Graph& graph, ValueId id, const Affine& map, bool allow_overridable) {
  if (!only_used_once(graph, id)) return false;
  Refusal ignored;
  const Node& user = graph.nodes[graph.values[id].users[0]];
  const auto next = affine_node(graph, user, allow_overridable, ignored);
  return next && next->data == id && composable(map, next->map);
}

}  // namespace

bool is_op(const Node& node, const char* op) { return node.domain.empty() && node.op_type == op; }

std::string Chain::ops(const Graph& graph) const {
  std::string text;
  for (NodeId id : nodes) text += (text.empty() ? "" : "->") + graph.nodes[id].op_type;
  return text;
}

std::optional<AffineNode> affine_node(const Graph& graph, const Node& node, bool allow_overridable,
                                      Refusal& refusal) {
  if (!node.epilogue.empty()) return std::nullopt;
  if (!is_op(node, "BatchNormalization")) return arithmetic_node(graph, node, allow_overridable);
  if (!node.has_input(0) || !node.has_output(0)) return std::nullopt;
  auto map = batchnorm_map(graph, node, allow_overridable, refusal);
  if (!map) return std::nullopt;
  return AffineNode{node.inputs[0], std::move(*map)};
}

std::optional<Chain> chain_ending_in(const Graph& graph, NodeId id, bool allow_overridable,
                                     Refusal& refusal) {
  const auto last = affine_node(graph, graph.nodes[id], allow_overridable, refusal);
  if (!last) return std::nullopt;
  Chain chain{{id}, last->data, graph.nodes[id].outputs[0], last->map, false};
  // The whole chain's axis is known only with its first per-channel member.
  while (only_used_once(graph, chain.input) && graph.values[chain.input].producer != kNone) {
    const NodeId before = graph.values[chain.input].producer;
    Refusal ignored;
    const auto node = affine_node(graph, graph.nodes[before], allow_overridable, ignored);
    if (!node || !composable(node->map, chain.map)) break;
    chain.map = compose(node->map, chain.map);
    chain.input = node->data;
    chain.nodes.insert(chain.nodes.begin(), before);
  }
  if (continued(graph, chain.output, chain.map, allow_overridable)) return std::nullopt;
  for (NodeId node : chain.nodes) chain.batchnorm |= is_op(graph.nodes[node], "BatchNormalization");
  return chain;
}

}  // namespace keel::folding
