// CenterCropPad: the middle of the input, cut or padded with zeros to the sizes given. Where the
// difference is odd, the smaller half lies in front.
#include <cstring>

#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

std::vector<std::int64_t> axes_of(const Node& node, std::int64_t rank) {
  std::vector<std::int64_t> axes;
  if (node.has("axes")) return unique_axes(node, node.ints_or("axes", {}), rank);
  for (std::int64_t k = 0; k < rank; ++k) axes.push_back(k);
  return axes;
}

void infer(InferContext& context) {
  const Node& node = context.node;
  expect_whole_bytes(context, 0);
  const std::vector<std::int64_t> axes = axes_of(node, context.rank(0));
  const Dim length = list_length(context, 1);
  if (length >= 0 && length != static_cast<Dim>(axes.size()))
    node.fail(ErrorCode::BadInput, str("shape: expected ", axes.size(), " values, got ", length));
  const auto sizes = context.ints(1);
  Shape dims = context.input(0).dims;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (sizes && (*sizes)[k] < 0)
      node.fail(ErrorCode::BadInput, str("shape: ", (*sizes)[k], " is no size"));
    dims[static_cast<std::size_t>(axes[k])] = sizes ? (*sizes)[k] : kUnknownDim;
  }
  context.set_output(0, context.type(0), std::move(dims));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  MoveList list;
  if (y.size() == 0) return move_kernel(std::move(list), "center crop pad");
  const Shape from = strides_of(x.dims), to = strides_of(y.dims);
  Shape region = x.dims;
  std::int64_t src_at = 0, dst_at = 0;
  for (std::size_t k = 0; k < region.size(); ++k) {
    region[k] = std::min(x.dims[k], y.dims[k]);
    src_at += (x.dims[k] - region[k]) / 2 * from[k];
    dst_at += (y.dims[k] - region[k]) / 2 * to[k];
  }
  list.fill = Tensor(y.type, {1});
  if (y.type != DataType::String) std::memset(list.fill.data(), 0, list.fill.byte_size());
  if (region != y.dims)
    list.moves.push_back({StridedCopy(y.type, y.dims, to, Shape(y.dims.size(), 0)), Move::kFill});
  list.moves.push_back({StridedCopy(y.type, region, to, from, dst_at, src_at), 0});
  return move_kernel(std::move(list), "center crop pad");
}

}  // namespace

void center_crop_pad(OpTable& table) {
  OpDef def;
  def.name = "CenterCropPad";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
