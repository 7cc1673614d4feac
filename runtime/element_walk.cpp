#include "runtime/element_walk.h"

#include "runtime/error.h"

namespace keel {

std::int64_t check_element_indices(const InferContext& context) {
  context.expect_type(1, {DataType::Int64, DataType::Int32});
  const std::int64_t rank = context.rank(0);
  const std::int64_t axis = context.axis(context.node.int_or("axis", 0), rank);
  if (context.rank(1) != rank)
    context.node.fail(ErrorCode::BadInput, str("indices: expected rank ", rank,
                                               " as the data has, got ", context.rank(1)));
  for (std::int64_t k = 0; k < rank; ++k) {
    const Dim data = context.dim(0, k), indices = context.dim(1, k);
    if (k != axis && data >= 0 && indices > data)
      context.node.fail(ErrorCode::BadInput, str("indices: axis ", k, ": expected at most ", data,
                                                 " as the data has, got ", indices));
  }
  return axis;
}

ElementWalk::ElementWalk(const Node& node, const Shape& data, const Shape& indices)
    : dims_(indices), strides_(strides_of(data)), count_(element_count(indices)) {
  axis_ = node.int_or("axis", 0);
  if (axis_ < 0) axis_ += static_cast<std::int64_t>(data.size());
  const auto at = static_cast<std::size_t>(axis_);
  size_ = data[at];
  axis_stride_ = strides_[at];
  strides_[at] = 0;
}

}  // namespace keel
