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

void add_axis(AxisGroup& group, std::int64_t dim, std::int64_t stride) {
  group.count *= dim;
  if (dim == 1) return;
  if (!group.dims.empty() && group.strides.back() == dim * stride) {
    group.dims.back() *= dim;
    group.strides.back() = stride;
  } else {
    group.dims.push_back(dim);
    group.strides.push_back(stride);
  }
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

AxisWalk::AxisWalk(const AxisGroup& group, std::int64_t start)
    : left(group.count - start),
      group_(group),
      last_(static_cast<std::int64_t>(group.dims.size()) - 1) {
  if (left <= 0) return;
  for (std::size_t axis = group.dims.size(); axis-- > 0;) {
    index_[axis] = start % group.dims[axis];
    start /= group.dims[axis];
    offset += index_[axis] * group.strides[axis];
  }
}

void AxisWalk::carry() {
  for (auto axis = static_cast<std::size_t>(last_); index_[axis] == group_.dims[axis]; --axis) {
    offset -= index_[axis] * group_.strides[axis];
    index_[axis] = 0;
    if (axis == 0) return;
    offset += group_.strides[axis - 1];
    ++index_[axis - 1];
  }
}

ReduceSplit reduce_split(const Shape& dims, const std::vector<bool>& reduced) {
  const Shape strides = strides_of(dims);
  ReduceSplit split;
  std::size_t outer = dims.size();
  if (outer > 0) split.run_reduced = reduced[outer - 1];
  if (element_count(dims) == 0) {
    // Every kept position becomes a row that nothing is added to.
    split.run_reduced = true;
    split.run = 0;
    split.reduced.count = 0;
    for (std::size_t i = 0; i < outer; ++i)
      if (!reduced[i]) split.kept.count = checked_mul(split.kept.count, dims[i]);
    return split;
  }
  // The run: the innermost axes that are all reduced, or all kept.
  while (outer > 0 && reduced[outer - 1] == split.run_reduced) split.run *= dims[--outer];
  for (std::size_t i = 0; i < outer; ++i)
    add_axis(reduced[i] ? split.reduced : split.kept, dims[i], strides[i]);
  return split;
}

}  // namespace keel
