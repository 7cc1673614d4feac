// Expand: the input repeated to the broadcast of its shape and the shape given.
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  const Dim length = list_length(context, 1);
  const auto asked = context.ints(1);
  if (!asked && length < 0) return context.set_unranked(0, context.type(0));
  if (length > static_cast<Dim>(kRankLimit))
    context.node.fail(ErrorCode::Unsupported, str("shape: ", length, " dims are too many"));
  if (asked)
    for (std::int64_t dim : *asked)
      if (dim < 0) context.node.fail(ErrorCode::BadInput, str("shape: ", dim, " is no size"));
  const Shape shape = asked ? *asked : Shape(static_cast<std::size_t>(length), kUnknownDim);
  context.set_output(0, context.type(0), broadcast(context.node, context.input(0).dims, shape));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  const Shape own = strides_of(x.dims);
  Shape strides(y.dims.size(), 0);  // 0 where the input has size 1 or no axis
  const std::size_t added = y.dims.size() - x.dims.size();
  for (std::size_t k = 0; k < x.dims.size(); ++k)
    if (x.dims[k] != 1) strides[added + k] = own[k];
  MoveList list;
  list.moves.push_back({StridedCopy(y.type, y.dims, strides_of(y.dims), strides), 0});
  return move_kernel(std::move(list), "expand");
}

}  // namespace

void expand(OpTable& table) {
  OpDef def;
  def.name = "Expand";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
