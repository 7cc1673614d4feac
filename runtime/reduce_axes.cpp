#include "runtime/reduce_axes.h"

#include "runtime/error.h"

namespace keel {
namespace {

std::vector<bool> marked(const Node& node, std::size_t rank,
                         const std::vector<std::int64_t>& axes) {
  if (axes.empty()) return std::vector<bool>(rank, node.int_or("noop_with_empty_axes", 0) == 0);
  std::vector<bool> reduced(rank, false);
  const auto signed_rank = static_cast<std::int64_t>(rank);
  for (std::int64_t axis : axes) {
    if (axis < -signed_rank || axis >= signed_rank)
      node.fail(ErrorCode::BadInput, str("axes: expected values in [", -signed_rank, ", ",
                                         signed_rank - 1, "], got ", axis));
    const auto index = static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
    if (reduced[index]) node.fail(ErrorCode::BadInput, str("axes: ", axis, " is given twice"));
    reduced[index] = true;
  }
  return reduced;
}

std::vector<std::int64_t> offsets_of(const Shape& dims, const Shape& strides) {
  std::vector<std::int64_t> offsets = {0};
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    std::vector<std::int64_t> next;
    next.reserve(offsets.size() * static_cast<std::size_t>(dims[axis]));
    for (std::int64_t offset : offsets)
      for (std::int64_t i = 0; i < dims[axis]; ++i) next.push_back(offset + i * strides[axis]);
    offsets = std::move(next);
  }
  return offsets;
}

}  // namespace

std::vector<bool> reduced_axes(const Node& node, std::size_t rank, const TensorRef* axes) {
  std::vector<std::int64_t> values;
  if (axes != nullptr)
    for (std::int64_t i = 0; i < axes->size(); ++i) values.push_back(axes->as<std::int64_t>()[i]);
  return marked(node, rank, values);
}

std::optional<std::vector<bool>> reduced_axes(const PrepareContext& context) {
  const bool given = context.has_input(1);
  if (given && !context.is_constant(1)) return std::nullopt;
  return reduced_axes(context.node, context.inputs[0].dims.size(),
                      given ? &context.inputs[1] : nullptr);
}

void infer_reduced(InferContext& context) {
  const TensorType& x = context.input(0);
  const bool keep = context.node.int_or("keepdims", 1) != 0;
  std::vector<std::int64_t> axes;
  if (context.has_input(1)) {
    context.expect_type(1, {DataType::Int64});
    const auto known = context.ints(1);
    if (!known) {
      if (keep)
        context.set_output(0, x.type, Shape(x.dims.size(), kUnknownDim));
      else
        context.set_unranked(0, x.type);
      return;
    }
    axes = *known;
  }
  const std::vector<bool> reduced = marked(context.node, x.dims.size(), axes);
  Shape dims;
  for (std::size_t i = 0; i < reduced.size(); ++i) {
    if (!reduced[i])
      dims.push_back(x.dims[i]);
    else if (keep)
      dims.push_back(1);
  }
  context.set_output(0, x.type, std::move(dims));
}

ReduceSplit reduce_split(const Shape& dims, const std::vector<bool>& reduced) {
  const Shape strides = strides_of(dims);
  ReduceSplit split;
  std::size_t outer = dims.size();
  if (outer > 0) split.run_reduced = reduced[outer - 1];
  // The run: the innermost axes that are all reduced, or all kept.
  while (outer > 0 && reduced[outer - 1] == split.run_reduced) split.run *= dims[--outer];
  Shape kept_dims, kept_strides, reduced_dims, reduced_strides;
  for (std::size_t i = 0; i < outer; ++i) {
    (reduced[i] ? reduced_dims : kept_dims).push_back(dims[i]);
    (reduced[i] ? reduced_strides : kept_strides).push_back(strides[i]);
  }
  split.kept_offsets = offsets_of(kept_dims, kept_strides);
  split.reduced_offsets = offsets_of(reduced_dims, reduced_strides);
  return split;
}

}  // namespace keel
