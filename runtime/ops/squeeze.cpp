// Squeeze drops axes of size 1, Unsqueeze adds them.
#include <algorithm>

#include "runtime/error.h"
#include "runtime/indices.h"

namespace keel::ops {
namespace {

void set_rank(InferContext& context, std::int64_t rank) {
  if (rank < 0)
    context.node.fail(ErrorCode::BadInput,
                      str("axes: more than the ", context.rank(0), " axes of the input"));
  if (rank > static_cast<std::int64_t>(kRankLimit))
    context.node.fail(ErrorCode::Unsupported, str("a result of rank ", rank));
  context.set_output(0, context.type(0), Shape(static_cast<std::size_t>(rank), kUnknownDim));
}

void infer_squeeze(InferContext& context) {
  const TensorType& from = context.input(0);
  std::vector<bool> dropped(from.dims.size(), false);
  if (context.has_input(1)) {
    const Dim length = list_length(context, 1);
    const auto axes = context.ints(1);
    if (!axes) {
      if (length < 0) return context.set_unranked(0, from.type);
      return set_rank(context, from.rank() - length);
    }
    for (std::int64_t axis : unique_axes(context.node, *axes, from.rank())) {
      const Dim dim = from.dims[static_cast<std::size_t>(axis)];
      if (dim >= 0 && dim != 1)
        context.node.fail(ErrorCode::BadInput, str("axis ", axis, ": expected size 1, got ", dim));
      dropped[static_cast<std::size_t>(axis)] = true;
    }
  } else {
    if (!from.is_static()) return context.set_unranked(0, from.type);
    for (std::size_t k = 0; k < dropped.size(); ++k) dropped[k] = from.dims[k] == 1;
  }
  Shape dims;
  for (std::size_t k = 0; k < dropped.size(); ++k)
    if (!dropped[k]) dims.push_back(from.dims[k]);
  context.set_output(0, from.type, dims);
}

void infer_unsqueeze(InferContext& context) {
  const TensorType& from = context.input(0);
  const Dim length = list_length(context, 1);
  if (length < 0) return context.set_unranked(0, from.type);
  if (length > static_cast<Dim>(kRankLimit)) return set_rank(context, length);
  const auto axes = context.ints(1);
  if (!axes) return set_rank(context, from.rank() + length);
  const std::int64_t rank = from.rank() + length;
  std::vector<bool> added(static_cast<std::size_t>(rank), false);
  for (std::int64_t axis : unique_axes(context.node, *axes, rank))
    added[static_cast<std::size_t>(axis)] = true;
  Shape dims;
  auto next = from.dims.begin();
  for (bool add : added) dims.push_back(add ? 1 : *next++);
  context.set_output(0, from.type, dims);
}

}  // namespace

void squeeze(OpTable& table) {
  OpDef def;
  def.name = "Squeeze";
  def.infer = infer_squeeze;
  def.view = true;
  table.add(def);
  def.name = "Unsqueeze";
  def.infer = infer_unsqueeze;
  table.add(def);
}

}  // namespace keel::ops
