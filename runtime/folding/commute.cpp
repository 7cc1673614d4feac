#include "runtime/folding/commute.h"

#include <algorithm>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/folding/axis_map.h"
#include "runtime/folding/chain.h"

namespace keel::folding {
namespace {

bool is_any(const Node& node, std::initializer_list<const char*> ops) {
  return std::any_of(ops.begin(), ops.end(), [&](const char* op) { return is_op(node, op); });
}

Refusal axis_lost(const Node& node) {
  return {"AXIS_MISMATCH",
          "the channels lie along no single axis on the other side of " + node.op_type, node.name};
}

// The elements of a known int64 input.
std::optional<Shape> known_ints(const Graph& graph, const Node& node, std::size_t slot) {
  const auto tensor = constant_behind(graph, node.has_input(slot) ? node.inputs[slot] : kNone);
  if (tensor == nullptr || tensor->type() != DataType::Int64) return std::nullopt;
  const auto* data = tensor->data_as<std::int64_t>();
  return Shape(data, data + tensor->size());
}

// Whether values outside the input enter the means that a pool takes.
bool counts_padding(const Node& node) {
  if (node.int_or("count_include_pad", 0) == 0) return false;
  const Shape pads = node.ints_or("pads", {});
  const std::string auto_pad = node.string_or("auto_pad", "NOTSET");
  return auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER" || node.int_or("ceil_mode", 0) != 0 ||
         std::any_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad != 0; });
}

// Whether the node only pads with zeros, and not along `axis`.
bool pads_with_zeros(const Graph& graph, const Node& node, std::int64_t axis) {
  if (node.string_or("mode", "constant") != "constant" || node.has_input(3)) return false;
  const auto pads = known_ints(graph, node, 1);
  if (!pads) return false;
  if (node.has_input(2)) {
    const auto value = constant_behind(graph, node.inputs[2]);
    if (value == nullptr || value->size() != 1 || !is_floating(value->type()) ||
        element_as_double(*value, 0) != 0)
      return false;
  }
  const std::size_t rank = pads->size() / 2;
  if (axis == Affine::kUniform) return true;
  const auto a = static_cast<std::size_t>(axis);
  return a < rank && (*pads)[a] == 0 && (*pads)[a + rank] == 0;
}

// Conditions on s and t that do not depend on the direction.
Refusal value_refusal(const Graph& graph, const Node& node, const Affine& map) {
  if (is_any(node, {"MaxPool", "GlobalMaxPool"}) && !map.positive())
    return {"ACTIVATION_BETWEEN",
            "a maximum is taken, which a scale that is not positive does not pass", node.name};
  if (is_any(node, {"Relu", "LeakyRelu"}) && (map.shifts() || !map.positive()))
    return {"ACTIVATION_BETWEEN",
            "an activation stands between, which only a positive scale without a shift passes",
            node.name};
  if (is_op(node, "AveragePool") && map.shifts() && counts_padding(node))
    return {"PADDED_CONSUMER", "the means count zeros of the padding, which have no shift",
            node.name};
  if (is_op(node, "Pad")) {
    if (!pads_with_zeros(graph, node, map.axis))
      return {"PADDED_CONSUMER", "only padding with zeros, and not of channels, can be passed",
              node.name};
    if (map.shifts())
      return {"PADDED_CONSUMER", "the zeros of the padding have no shift", node.name};
  }
  return {};
}

bool is_quantised(const Node& node) {
  return is_any(node, {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
                       "QLinearMatMul", "ConvInteger", "MatMulInteger"});
}

bool is_pool(const Node& node) {
  return is_any(node, {"MaxPool", "GlobalMaxPool", "AveragePool", "GlobalAveragePool"});
}

// Axis of the input for each axis of the output of a ReduceMean; nullopt where not known.
std::optional<Shape> kept_axes(const Graph& graph, const Node& node) {
  const TensorType& x = graph.values[node.inputs[0]].type;
  if (!x.ranked) return std::nullopt;
  std::vector<bool> reduced(x.dims.size(), false);
  Shape axes = node.ints_or("axes", {});
  if (node.has_input(1)) {
    const auto known = known_ints(graph, node, 1);
    if (!known) return std::nullopt;
    axes = *known;
  }
  if (axes.empty() && node.int_or("noop_with_empty_axes", 0) == 0)
    std::fill(reduced.begin(), reduced.end(), true);
  for (std::int64_t axis : axes) {
    if (axis < 0) axis += x.rank();
    if (axis < 0 || axis >= x.rank()) return std::nullopt;
    reduced[static_cast<std::size_t>(axis)] = true;
  }
  Shape kept;
  for (std::int64_t axis = 0; axis < x.rank(); ++axis) {
    if (!reduced[static_cast<std::size_t>(axis)])
      kept.push_back(axis);
    else if (node.int_or("keepdims", 1) != 0)
      kept.push_back(-1);
  }
  return kept;
}

// For operators that hand axes on: the axis of the input for each axis of the output, -1 for none.
std::optional<Shape> handed_axes(const Graph& graph, const Node& node) {
  if (is_op(node, "ReduceMean")) return kept_axes(graph, node);
  const TensorType& x = graph.values[node.inputs[0]].type;
  if (!is_op(node, "Transpose") || !x.ranked) return std::nullopt;
  Shape perm = node.ints_or("perm", {});
  for (std::int64_t axis = x.rank(); perm.empty() && axis-- > 0;) perm.push_back(axis);
  return perm;
}

std::optional<Affine> moved(const Graph& graph, const Node& node, Affine map, bool forward,
                            Refusal& refusal) {
  refusal = value_refusal(graph, node, map);
  if (refusal) return std::nullopt;
  const bool in_place = is_any(node, {"Identity", "Relu", "LeakyRelu", "Pad"}) || is_pool(node) ||
                        (is_op(node, "Dropout") && !node.has_input(2));
  if (in_place) {
    // Pools work on spatial axes only: those behind N and C.
    if (!is_pool(node) || map.uniform() || map.axis <= 1) return map;
    refusal = axis_lost(node);
    return std::nullopt;
  }
  const TensorType& x = graph.values[node.inputs[0]].type;
  const TensorType& y = graph.values[node.outputs[0]].type;
  if (is_any(node, {"Reshape", "Flatten", "Squeeze", "Unsqueeze"})) {
    const auto result = forward ? reshaped(map, x, y) : reshaped(map, y, x);
    if (!result)
      refusal = x.ranked && y.ranked ? axis_lost(node)
                                     : Refusal{"UNKNOWN_RANK",
                                               "the shape around " + node.op_type +
                                                   " is not known; give the model's inputs shapes",
                                               node.name};
    return result;
  }
  if (is_any(node, {"Transpose", "ReduceMean"})) {
    if (map.uniform()) return map;
    const auto axes = handed_axes(graph, node);
    if (!axes) {
      refusal = {"UNKNOWN_RANK", "the axes of " + node.op_type + " are not known", node.name};
      return std::nullopt;
    }
    const auto found = std::find(axes->begin(), axes->end(), map.axis);
    const auto size = static_cast<std::int64_t>(axes->size());
    const std::int64_t to = forward ? (found == axes->end() ? -1 : found - axes->begin())
                                    : (map.axis < size ? (*axes)[map.axis] : -1);
    if (to < 0) {
      refusal = axis_lost(node);
      return std::nullopt;
    }
    map.axis = to;
    return map;
  }
  if (is_quantised(node))
    refusal = {"QUANTISED", node.op_type + " works on integers, which normalisation does not give",
               node.name};
  else if (is_activation(node))
    refusal = {"ACTIVATION_BETWEEN",
               "an activation stands between, which does not commute with normalisation",
               node.name};
  else
    refusal = {"CONSUMER_NOT_FOLDABLE", node.op_type + " has no weights that could take it up",
               node.name};
  return std::nullopt;
}

}  // namespace

bool is_activation(const Node& node) {
  return is_any(
      node, {"Relu",     "LeakyRelu", "PRelu",           "Clip",      "Sigmoid", "Tanh",   "Elu",
             "Selu",     "Celu",      "HardSigmoid",     "HardSwish", "Swish",   "Mish",   "Gelu",
             "Softplus", "Softsign",  "ThresholdedRelu", "Erf",       "Exp",     "Softmax"});
}

std::optional<Affine> moved_before(const Graph& graph, const Node& node, const Affine& behind,
                                   Refusal& refusal) {
  return moved(graph, node, behind, false, refusal);
}

std::optional<Affine> moved_behind(const Graph& graph, const Node& node, const Affine& before,
                                   Refusal& refusal) {
  return moved(graph, node, before, true, refusal);
}

}  // namespace keel::folding
