#include "runtime/indices.h"

#include "runtime/error.h"

namespace keel {

void fail_index(const Node& node, std::int64_t index, std::int64_t axis, std::int64_t size) {
  node.fail(ErrorCode::BadInput,
            str("index ", index, " is out of range for axis ", axis, " of size ", size));
}

std::vector<std::int64_t> all_ints(const TensorRef& tensor) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.size()));
  const Indices indices(tensor);
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = indices[static_cast<std::int64_t>(k)];
  return values;
}

std::vector<std::int64_t> known_ints(const PrepareContext& context, std::size_t i) {
  const TensorRef& tensor = context.inputs[i];
  if (tensor.data == nullptr && tensor.size() > 0)
    context.node.fail(ErrorCode::Internal, str("input ", i, " was not known to the plan"));
  return all_ints(tensor);
}

std::vector<std::int64_t> unique_axes(const Node& node, const std::vector<std::int64_t>& axes,
                                      std::int64_t rank) {
  std::vector<bool> seen(static_cast<std::size_t>(rank), false);
  std::vector<std::int64_t> result;
  for (std::int64_t axis : axes) {
    if (axis < -rank || axis >= rank)
      node.fail(ErrorCode::BadInput,
                str("axes: expected values in [", -rank, ", ", rank - 1, "], got ", axis));
    const std::int64_t wrapped = axis < 0 ? axis + rank : axis;
    if (seen[static_cast<std::size_t>(wrapped)])
      node.fail(ErrorCode::BadInput, str("axes: axis ", wrapped, " appears twice"));
    seen[static_cast<std::size_t>(wrapped)] = true;
    result.push_back(wrapped);
  }
  return result;
}

void check_known_indices(const InferContext& context, std::size_t i, std::int64_t axis, Dim size) {
  if (size < 0) return;
  if (const auto indices = context.ints(i))
    for (std::int64_t index : *indices) wrap_index(context.node, index, axis, size);
}

Dim list_length(const InferContext& context, std::size_t i) {
  context.expect_type(i, {DataType::Int64, DataType::Int32});
  context.expect_rank(i, 0, 1);
  return context.rank(i) == 0 ? 1 : context.dim(i, 0);
}

}  // namespace keel
