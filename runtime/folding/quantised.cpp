#include "runtime/folding/quantised.h"

#include <cmath>
#include <limits>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/folding/chain.h"
#include "runtime/tensor.h"

namespace keel::folding {
namespace {

enum Slot : std::size_t { kQ, kScale, kZero };

struct Quantised {
  NodeId id = kNone;                             // of the DequantizeLinear
  std::shared_ptr<const Tensor> q, scale, zero;  // zero null: 0
  std::int64_t features = 0;
};

Refusal cannot(const Node& dequantize, const std::string& why) {
  return {"QUANTISED", "the weights are quantised, and " + why, dequantize.name};
}

// 8-bit integers along the axis, whose scales are of this node alone.
Refusal read_quantised(const Work& work, ValueId weights, std::int64_t axis, std::size_t features,
                       Quantised& out) {
  const Value& value = work.graph.values[weights];
  out.id = value.producer;
  const Node& node = work.graph.nodes[out.id];
  if (value.users.size() > 1 || value.graph_output)
    return {"MULTI_USE", "the quantised weights are used elsewhere too", node.name};
  for (const std::size_t slot : {kQ, kScale, kZero}) {
    if (!node.has_input(slot)) continue;
    if (overridable_behind(work.graph, node.inputs[slot]) && !work.allow_overridable)
      return {"OVERRIDABLE", "the quantised weights are also inputs of the model", node.name};
    auto& part = slot == kQ ? out.q : slot == kScale ? out.scale : out.zero;
    part = constant_behind(work.graph, node.inputs[slot]);
    if (part == nullptr) return cannot(node, "computed by the model");
  }
  const DataType type = out.q == nullptr ? DataType::Undefined : out.q->type();
  if ((type != DataType::Int8 && type != DataType::Uint8) || out.scale == nullptr ||
      !is_floating(out.scale->type()) || node.int_or("block_size", 0) != 0)
    return cannot(node, "only 8-bit integers with one scale a feature can take it up");
  const auto rank = static_cast<std::int64_t>(out.q->shape().size());
  std::int64_t along = node.int_or("axis", 1);
  if (along < 0) along += rank;
  out.features = axis < rank ? out.q->shape()[static_cast<std::size_t>(axis)] : 0;
  if (out.features != static_cast<std::int64_t>(features))
    return {"TYPE_MISMATCH", str("the weights have ", out.features, " features, not ", features),
            node.name};
  if (out.scale->size() != 1 && (along != axis || out.scale->size() != out.features))
    return cannot(node, "their scales run along another axis than the features");
  if (out.scale->size() == 1 && node.version < 13)
    return cannot(node, "before operator set 13 there is one scale for all features");
  return {};
}

std::int64_t integer(const Tensor& tensor, std::int64_t i) {
  return tensor.type() == DataType::Int8 ? tensor.data_as<std::int8_t>()[i]
                                         : tensor.data_as<std::uint8_t>()[i];
}

void set_integer(Tensor& tensor, std::int64_t i, std::int64_t value) {
  if (tensor.type() == DataType::Int8)
    tensor.data_as<std::int8_t>()[i] = static_cast<std::int8_t>(value);
  else
    tensor.data_as<std::uint8_t>()[i] = static_cast<std::uint8_t>(value);
}

// By feature, where there was one for all.
Tensor zeros_of(const Quantised& weights) {
  Tensor zeros(weights.q->type(), {weights.features});
  for (std::int64_t o = 0; o < weights.features; ++o)
    set_integer(
        zeros, o,
        weights.zero == nullptr ? 0 : integer(*weights.zero, weights.zero->size() == 1 ? 0 : o));
  return zeros;
}

// q of a negative factor becomes 2 zero - q; of a factor 0, zero. False where that is out of range.
bool mirror(const Quantised& weights, std::int64_t axis, const std::vector<double>& factors,
            Tensor& q) {
  const bool is_signed = weights.q->type() == DataType::Int8;
  const std::int64_t lowest = is_signed ? -128 : 0, highest = is_signed ? 127 : 255;
  const Shape& dims = weights.q->shape();
  const std::int64_t inner = product(dims, static_cast<std::size_t>(axis) + 1, dims.size());
  const Tensor zeros = zeros_of(weights);
  q = Tensor(weights.q->type(), dims);
  for (std::int64_t e = 0; e < q.size(); ++e) {
    const std::int64_t o = e / inner % weights.features, zero = integer(zeros, o);
    const double factor = factors[static_cast<std::size_t>(o)];
    const std::int64_t value = integer(*weights.q, e);
    const std::int64_t turned = factor > 0 ? value : factor < 0 ? 2 * zero - value : zero;
    if (turned < lowest || turned > highest) return false;
    set_integer(q, e, turned);
  }
  return true;
}

}  // namespace

bool is_dequantised(const Graph& graph, const Node& node, std::size_t slot) {
  if (!node.has_input(slot) || graph.values[node.inputs[slot]].constant != nullptr) return false;
  const NodeId maker = graph.values[node.inputs[slot]].producer;
  return maker != kNone && is_op(graph.nodes[maker], "DequantizeLinear");
}

Refusal scale_dequantised(Work& work, const Node& node, std::size_t slot, std::int64_t axis,
                          const std::vector<double>& factors) {
  Quantised weights;
  Refusal refusal = read_quantised(work, node.inputs[slot], axis, factors.size(), weights);
  if (refusal) return refusal;
  const Node& dequantize = work.graph.nodes[weights.id];
  std::vector<double> scales;
  bool turned = false;
  for (std::int64_t o = 0; o < weights.features; ++o) {
    const double factor = factors[static_cast<std::size_t>(o)];
    const double scale = element_as_double(*weights.scale, weights.scale->size() == 1 ? 0 : o);
    scales.push_back(factor == 0 ? scale : std::abs(factor) * scale);
    turned = turned || factor <= 0;
  }
  Tensor q, scale;
  if (turned && !mirror(weights, axis, factors, q))
    return cannot(dequantize, "a negative factor would take an integer out of its range");
  refusal = round_to(dequantize, weights.scale->type(), {weights.features}, scales, scale);
  if (refusal) return refusal;
  if (turned) replace_weights(work, weights.id, kQ, std::move(q), "");
  replace_weights(work, weights.id, kScale, std::move(scale), "");
  if (weights.scale->size() == 1 && weights.zero != nullptr)
    replace_weights(work, weights.id, kZero, zeros_of(weights), "");
  work.patch.set_attribute(weights.id, "axis", axis);
  return {};
}

}  // namespace keel::folding
