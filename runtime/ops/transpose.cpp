// Transpose: y[i_perm[0], i_perm[1], ...] = x[i_0, i_1, ...].
#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

std::vector<std::int64_t> permutation(const Node& node, std::size_t rank) {
  std::vector<std::int64_t> perm(rank);
  for (std::size_t k = 0; k < rank; ++k) perm[k] = static_cast<std::int64_t>(rank - 1 - k);
  perm = node.ints_or("perm", perm);
  if (perm.size() != rank)
    node.fail_attribute("perm", str("expected ", rank, " values, got ", perm.size()));
  std::vector<bool> seen(rank, false);
  for (std::int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank) || seen[static_cast<std::size_t>(axis)])
      node.fail_attribute("perm", to_string(perm) + " is no permutation of the axes");
    seen[static_cast<std::size_t>(axis)] = true;
  }
  return perm;
}

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  const Shape& from = context.input(0).dims;
  Shape dims;
  for (std::int64_t axis : permutation(context.node, from.size()))
    dims.push_back(from[static_cast<std::size_t>(axis)]);
  context.set_output(0, context.type(0), dims);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  const Shape strides = strides_of(x.dims);
  Shape permuted;
  for (std::int64_t axis : permutation(context.node, x.dims.size()))
    permuted.push_back(strides[static_cast<std::size_t>(axis)]);
  MoveList list;
  list.moves.push_back({StridedCopy(y.type, y.dims, strides_of(y.dims), permuted), 0});
  return move_kernel(std::move(list), "transpose");
}

}  // namespace

void transpose(OpTable& table) {
  OpDef def;
  def.name = "Transpose";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
