// Tile: the input repeated `repeats[k]` times along every axis k.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  const Dim length = list_length(context, 1);
  Shape dims = context.input(0).dims;
  if (dims_clash(length, context.rank(0)))
    context.node.fail(ErrorCode::BadInput, str("repeats: expected ", context.rank(0),
                                               " values, one per axis, got ", length));
  const auto repeats = context.ints(1);
  for (std::size_t k = 0; k < dims.size(); ++k) {
    if (!repeats) {
      if (dims[k] != 0) dims[k] = kUnknownDim;
      continue;
    }
    if ((*repeats)[k] < 0)
      context.node.fail(ErrorCode::BadInput,
                        str("repeats: expected values >= 0, got ", (*repeats)[k]));
    dims[k] = dim_mul(dims[k], (*repeats)[k]);
  }
  context.set_output(0, context.type(0), std::move(dims));
}

// y [r0 x d0, r1 x d1, ...] is seen as [r0, d0, r1, d1, ...], to which x does not step along r.
Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  MoveList list;
  if (y.size() == 0) return move_kernel(std::move(list), "tile");
  const Shape from = strides_of(x.dims), to = strides_of(y.dims);
  Shape dims, src, dst;
  for (std::size_t k = 0; k < x.dims.size(); ++k) {
    dims.insert(dims.end(), {y.dims[k] / x.dims[k], x.dims[k]});
    dst.insert(dst.end(), {to[k] * x.dims[k], to[k]});
    src.insert(src.end(), {0, from[k]});
  }
  list.moves.push_back({StridedCopy(y.type, dims, dst, src), 0});
  return move_kernel(std::move(list), "tile");
}

}  // namespace

void tile(OpTable& table) {
  OpDef def;
  def.name = "Tile";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
