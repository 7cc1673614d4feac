// MatMul with an affine map behind or in front of it. It has no bias: a shift is added behind it.
#include <cmath>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/folding/absorb.h"
#include "runtime/tensor.h"

namespace keel::folding {
namespace {

// Scales the constant operand in `slot` along its axis `axis`.
Refusal scale_operand(Work& work, NodeId id, std::size_t slot, const Tensor& W, std::int64_t axis,
                      const Affine& map) {
  if (!map.scales()) return {};
  const std::int64_t inner =
      product(W.shape(), static_cast<std::size_t>(axis) + 1, W.shape().size());
  Tensor scaled;
  Refusal refusal = scale_blocks(work, work.graph.nodes[id], W, map.s, inner, scaled);
  if (!refusal) replace_weights(work, id, slot, std::move(scaled), "");
  return refusal;
}

// The axis of a constant operand of rank `rank` that is axis `axis` of the result, whose rank is
// `result`; negative where it is broadcast along it or summed over it.
std::int64_t operand_axis(std::int64_t axis, std::int64_t result, std::int64_t rank, bool left) {
  const std::int64_t summed = left ? result - 1 : result - 2;
  return rank < 2 || axis == summed ? -1 : axis - (result - rank);
}

Refusal lost(const Node& node, const Affine& map) {
  return {"AXIS_MISMATCH",
          str("it normalises axis ", map.axis,
              " of the product, along which the stored operand "
              "does not change"),
          node.name};
}

// sum over the axis `k` of t[k] W: its shape is that of W with 1 there.
Tensor shift_of(const Tensor& W, std::int64_t k, const Affine& map, DataType type) {
  const auto axis = static_cast<std::size_t>(k);
  Shape dims = W.shape();
  const std::int64_t K = dims[axis], inner = product(dims, axis + 1, dims.size());
  dims[axis] = 1;
  Tensor shift(type, dims);
  for (std::int64_t e = 0; e < shift.size(); ++e) {
    const std::int64_t first = e / inner * K * inner + e % inner;
    double sum = 0;
    for (std::int64_t i = 0; i < K; ++i)
      sum += map.t[static_cast<std::size_t>(i)] * element_as_double(W, first + i * inner);
    store_rounded(shift, e, sum);
  }
  return shift;
}

}  // namespace

// Whichever operand is stored takes s up along the axis that becomes `axis` of the result; t is
// left to the caller.
Refusal absorb_before_matmul(Work& work, NodeId id, const Affine& map) {
  const Node& node = work.graph.nodes[id];
  const TensorType& y = work.graph.values[node.outputs[0]].type;
  work.left_shift = map.shifts();
  Refusal refusal, first;
  for (const std::size_t slot : {1u, 0u}) {
    std::shared_ptr<const Tensor> W;
    refusal = read_weights(work, node, slot, W);
    if (slot == 1) first = refusal;
    if (refusal) continue;
    const auto rank = static_cast<std::int64_t>(W->shape().size());
    if (map.uniform()) return scale_operand(work, id, slot, *W, 0, gather(map, 0, {0}));
    if (!y.ranked) return {"UNKNOWN_RANK", "the rank of the product is not known", node.name};
    const std::int64_t axis = operand_axis(map.axis, y.rank(), rank, slot == 0);
    if (axis < 0 || W->shape()[axis] != static_cast<std::int64_t>(map.channels()))
      return lost(node, map);
    return scale_operand(work, id, slot, *W, axis, map);
  }
  return first;
}

// Scales what the other operand is summed over; adds sum over k of t[k] W[k] behind the node.
Refusal absorb_behind_matmul(Work& work, NodeId id, ValueId data, const Affine& before) {
  const Node& node = work.graph.nodes[id];
  const std::size_t slot = node.inputs[0] == data ? 1 : 0;
  std::shared_ptr<const Tensor> W;
  Refusal refusal = read_weights(work, node, slot, W);
  if (refusal) return refusal;
  const auto rank = static_cast<std::int64_t>(W->shape().size());
  const TensorType& x = work.graph.values[data].type;
  if (!x.ranked) return {"UNKNOWN_RANK", "the rank of the data is not known", node.name};
  if (rank < 2 || x.rank() < 2) return lost(node, before);
  const std::int64_t axis = slot == 1 ? rank - 2 : rank - 1;
  const std::int64_t data_axis = slot == 1 ? x.rank() - 1 : x.rank() - 2;
  const auto map = along(before, data_axis, static_cast<std::size_t>(W->shape()[axis]));
  if (!map) return lost(node, before);
  if (map->shifts()) {
    const Value& old = work.graph.values[node.outputs[0]];
    Tensor shift = shift_of(*W, axis, *map, W->type());
    for (std::int64_t e = 0; e < shift.size(); ++e)
      if (!std::isfinite(element_as_double(shift, e)))
        return {"OVERFLOW", "a folded shift is beyond the range of its type", node.name};
    const ValueId inner = work.patch.add_value(old.name + "_unshifted", old.type);
    work.patch.set_output(id, 0, inner);
    add_constant_to(work, node, std::move(shift), inner, node.outputs[0]);
  }
  return scale_operand(work, id, slot, *W, axis, *map);
}

}  // namespace keel::folding
