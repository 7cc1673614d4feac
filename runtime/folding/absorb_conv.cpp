// Conv and ConvTranspose with an affine map behind or in front of them.
#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/folding/absorb.h"
#include "runtime/folding/border.h"
#include "runtime/folding/quantised.h"
#include "runtime/tensor.h"

namespace keel::folding {
namespace {

// Weights and bias of a convolution, checked against each other.
struct Filter {
  std::shared_ptr<const Tensor> W, b;  // b null: none
  std::int64_t group = 1, features = 0, channels = 0, taps = 1;
  bool transposed = false;

  // Conv: W [O, C/g, k...]; ConvTranspose: W [C, O/g, k...].
  std::size_t rows() const { return static_cast<std::size_t>(W->shape()[0]); }
  std::size_t row_blocks() const { return static_cast<std::size_t>(W->shape()[1]); }
  // Blocks of `taps` weights, and of block e its feature and its channel.
  std::size_t blocks() const { return rows() * row_blocks(); }
  std::size_t feature(std::size_t e) const { return transposed ? across(e) : e / row_blocks(); }
  std::size_t channel(std::size_t e) const { return transposed ? e / row_blocks() : across(e); }

 private:
  std::size_t across(std::size_t e) const {
    const std::size_t rows_of_group = rows() / static_cast<std::size_t>(group);
    return e / row_blocks() / rows_of_group * row_blocks() + e % row_blocks();
  }
};

Refusal read_filter(const Work& work, const Node& node, bool transposed, Filter& filter) {
  Refusal refusal = read_weights(work, node, 1, filter.W);
  if (!refusal && node.has_input(2)) refusal = read_weights(work, node, 2, filter.b);
  if (refusal) return refusal;
  const Shape& dims = filter.W->shape();
  filter.transposed = transposed;
  filter.group = node.int_or("group", 1);
  const bool fits = dims.size() >= 3 && filter.group > 0 && dims[0] % filter.group == 0;
  if (fits) {
    filter.features = transposed ? dims[1] * filter.group : dims[0];
    filter.channels = transposed ? dims[0] : dims[1] * filter.group;
    filter.taps = product(dims, 2, dims.size());
  }
  if (!fits || (filter.b != nullptr &&
                (filter.b->type() != filter.W->type() || filter.b->size() != filter.features)))
    return {"TYPE_MISMATCH", "weights and bias of " + node.op_type + " do not fit each other",
            node.name};
  return {};
}

Refusal mismatch(const Node& node, const Affine& map, std::int64_t channels) {
  if (!map.uniform() && map.axis != 1)
    return {"AXIS_MISMATCH", str("it runs along axis ", map.axis, ", not over channels"),
            node.name};
  return {"TYPE_MISMATCH",
          str("it has ", map.channels(), " channels, the weights of ", node.op_type, " give ",
              channels),
          node.name};
}

enum class Along { Features, Channels };

Refusal scale_filter(Work& work, NodeId id, const Filter& filter, const Affine& map, Along along) {
  if (!map.scales()) return {};
  std::vector<double> factors = map.s;
  std::int64_t block = filter.taps;
  const bool whole_rows = (along == Along::Features) != filter.transposed;
  if (whole_rows) {
    block *= filter.W->shape()[1];
  } else if (filter.group > 1) {
    factors.clear();
    for (std::size_t e = 0; e < filter.blocks(); ++e)
      factors.push_back(map.s[along == Along::Features ? filter.feature(e) : filter.channel(e)]);
  }  // else every row has all of them in order
  Tensor scaled;
  Refusal refusal = scale_blocks(work, work.graph.nodes[id], *filter.W, factors, block, scaled);
  if (!refusal) replace_weights(work, id, 1, std::move(scaled), "");
  return refusal;
}

Refusal set_bias(Work& work, NodeId id, DataType type, const std::vector<double>& bias) {
  const Node& node = work.graph.nodes[id];
  Tensor rounded;
  const auto features = static_cast<std::int64_t>(bias.size());
  Refusal refusal = round_to(node, type, {features}, bias, rounded);
  if (!refusal)
    replace_weights(work, id, 2, std::move(rounded), bias_name(work.graph, node.inputs[1]));
  return refusal;
}

// s b + t; b null: 0.
std::vector<double> shifted_bias(Work& work, const Tensor* b, const Affine& map) {
  std::vector<double> bias;
  for (std::size_t o = 0; o < map.channels(); ++o) {
    const double old = b == nullptr ? 0 : element_as_double(*b, static_cast<std::int64_t>(o));
    bias.push_back(map.s[o] * old + map.t[o]);
    note_cancellation(work, map.s[o] * old, map.t[o]);
  }
  return bias;
}

// The same where W is made of integers: s goes into their scales.
Refusal absorb_before_dequantised(Work& work, NodeId id, const Affine& behind, bool transposed) {
  const Node& node = work.graph.nodes[id];
  const Node& dequantize = work.graph.nodes[work.graph.values[node.inputs[1]].producer];
  const auto q = constant_behind(work.graph, dequantize.inputs[0]);
  const std::size_t axis = transposed ? 1 : 0;
  if (q == nullptr || q->shape().size() < 3 || (transposed && node.int_or("group", 1) != 1))
    return {"QUANTISED", "the weights of " + node.op_type + " are quantised", dequantize.name};
  const std::int64_t features = q->shape()[axis];
  const auto map = along(behind, 1, static_cast<std::size_t>(features));
  if (!map) return mismatch(node, behind, features);
  std::shared_ptr<const Tensor> b;
  Refusal refusal;
  if (node.has_input(2)) refusal = read_weights(work, node, 2, b);
  if (!refusal && b != nullptr && b->size() != features)
    refusal = {"TYPE_MISMATCH", "weights and bias of " + node.op_type + " do not fit each other",
               node.name};
  if (!refusal && map->scales())
    refusal = scale_dequantised(work, node, 1, static_cast<std::int64_t>(axis), map->s);
  if (refusal || (b == nullptr && !map->shifts())) return refusal;
  const auto scale = constant_behind(work.graph, dequantize.inputs[1]);
  return set_bias(work, id, scale->type(), shifted_bias(work, b.get(), *map));
}

// W'[o, ...] = s[o] W[o, ...], b' = s b + t.
Refusal absorb_before_either(Work& work, NodeId id, const Affine& behind, bool transposed) {
  const Node& node = work.graph.nodes[id];
  if (is_dequantised(work.graph, node, 1))
    return absorb_before_dequantised(work, id, behind, transposed);
  Filter filter;
  Refusal refusal = read_filter(work, node, transposed, filter);
  if (refusal) return refusal;
  const auto map = along(behind, 1, static_cast<std::size_t>(filter.features));
  if (!map) return mismatch(node, behind, filter.features);
  refusal = scale_filter(work, id, filter, *map, Along::Features);
  if (refusal || (filter.b == nullptr && !map->shifts())) return refusal;
  return set_bias(work, id, filter.W->type(), shifted_bias(work, filter.b.get(), *map));
}

// D[o, k] = sum over i of W[o, i, k] t[c(o, i)]: what tap k adds to feature o where it meets data.
std::vector<double> shift_of_taps(const Filter& filter, const Affine& map) {
  const auto taps = static_cast<std::size_t>(filter.taps);
  std::vector<double> D(static_cast<std::size_t>(filter.features) * taps, 0);
  for (std::size_t e = 0; e < filter.blocks(); ++e)
    for (std::size_t k = 0; k < taps; ++k)
      D[filter.feature(e) * taps + k] +=
          map.t[filter.channel(e)] *
          element_as_double(*filter.W, static_cast<std::int64_t>(e * taps + k));
  return D;
}

std::vector<double> bias_of(const Filter& filter) {
  return filter.b == nullptr ? std::vector<double>(static_cast<std::size_t>(filter.features), 0)
                             : as_doubles(*filter.b);
}

}  // namespace

Refusal absorb_before_conv(Work& work, NodeId id, const Affine& map) {
  return absorb_before_either(work, id, map, false);
}

Refusal absorb_before_conv_transpose(Work& work, NodeId id, const Affine& map) {
  return absorb_before_either(work, id, map, true);
}

// W'[o, i, k] = W[o, i, k] s[c], b' = b + sum over k of D[o, k] where no tap meets padding. Zeros
// of padding come after the map, so they have no shift: then what the border lacks is added behind.
Refusal absorb_behind_conv(Work& work, NodeId id, const Affine& before) {
  const Node& node = work.graph.nodes[id];
  Filter filter;
  Refusal refusal = read_filter(work, node, false, filter);
  if (refusal) return refusal;
  const auto map = along(before, 1, static_cast<std::size_t>(filter.channels));
  if (!map) return mismatch(node, before, filter.channels);
  if (map->shifts()) {
    const std::vector<double> D = shift_of_taps(filter, *map);
    const Border border = border_of(work.graph, node, filter.W->shape());
    if (border.touches(D, static_cast<std::size_t>(filter.features))) {
      refusal = work.running != nullptr ? border.add_for_running(work, id, D, filter.W->type())
                                        : border.add(work, id, D, filter.W->type());
      if (refusal) return refusal;
    } else {
      std::vector<double> bias = bias_of(filter);
      const auto taps = static_cast<std::size_t>(filter.taps);
      for (std::size_t o = 0; o < bias.size(); ++o) {
        double sum = 0;
        for (std::size_t k = 0; k < taps; ++k) sum += D[o * taps + k];
        note_cancellation(work, bias[o], sum);
        bias[o] += sum;
      }
      refusal = set_bias(work, id, filter.W->type(), bias);
      if (refusal) return refusal;
    }
  }
  return scale_filter(work, id, filter, *map, Along::Channels);
}

// With a shift only where every input meets every tap once: 1x1, stride 1, unpadded.
Refusal absorb_behind_conv_transpose(Work& work, NodeId id, const Affine& before) {
  const Node& node = work.graph.nodes[id];
  Filter filter;
  Refusal refusal = read_filter(work, node, true, filter);
  if (refusal) return refusal;
  const auto map = along(before, 1, static_cast<std::size_t>(filter.channels));
  if (!map) return mismatch(node, before, filter.channels);
  if (map->shifts()) {
    const TensorType& x = work.graph.values[node.inputs[0]].type;
    const TensorType& y = work.graph.values[node.outputs[0]].type;
    const bool pointwise = filter.taps == 1 && x.ranked && y.ranked && x.rank() == y.rank() &&
                           is_pointwise(node, filter.W->shape().size() - 2);
    if (!pointwise)
      return {"PADDED_CONSUMER",
              "the shift reaches the results of ConvTranspose unevenly, which no bias per channel "
              "can express",
              node.name};
    std::vector<double> bias = bias_of(filter);
    for (std::size_t e = 0; e < filter.blocks(); ++e)
      bias[filter.feature(e)] +=
          map->t[filter.channel(e)] * element_as_double(*filter.W, static_cast<std::int64_t>(e));
    refusal = set_bias(work, id, filter.W->type(), bias);
    if (refusal) return refusal;
  }
  return scale_filter(work, id, filter, *map, Along::Channels);
}

}  // namespace keel::folding
