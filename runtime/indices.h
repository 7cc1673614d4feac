// Integers that come as tensors: shapes, axes, indices.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/op.h"

namespace keel {

// The elements of an int32 or int64 tensor, one at a time.
class Indices {
 public:
  explicit Indices(const TensorRef& tensor)
      : data_(tensor.data), wide_(tensor.type == DataType::Int64) {}
  std::int64_t operator[](std::int64_t i) const {
    return wide_ ? static_cast<const std::int64_t*>(data_)[i]
                 : static_cast<const std::int32_t*>(data_)[i];
  }

 private:
  const void* data_;
  bool wide_;
};

// Throws Error(BadInput) "index 7 is out of range for axis 1 of size 5".
[[noreturn]] void fail_index(const Node& node, std::int64_t index, std::int64_t axis,
                             std::int64_t size);

// An index in [-size, size) made non-negative; fails otherwise.
inline std::int64_t wrap_index(const Node& node, std::int64_t index, std::int64_t axis,
                               std::int64_t size) {
  const std::int64_t wrapped = index < 0 ? index + size : index;
  if (wrapped < 0 || wrapped >= size) fail_index(node, index, axis, size);
  return wrapped;
}

std::vector<std::int64_t> all_ints(const TensorRef& tensor);

// All elements of input i of a node that is being prepared. Its value is known by then, since a
// shape follows from it. Types other than int32 and int64 are refused by infer.
std::vector<std::int64_t> known_ints(const PrepareContext& context, std::size_t i);

// Axes in [-rank, rank) made non-negative; fails on others and on one that appears twice.
std::vector<std::int64_t> unique_axes(const Node& node, const std::vector<std::int64_t>& axes,
                                      std::int64_t rank);

// Fails where a known index of input i does not fit into an axis of known size.
void check_known_indices(const InferContext& context, std::size_t i, std::int64_t axis, Dim size);

// infer of an input that holds a list: int32 or int64, one axis (or a scalar, which older exporters
// write). Its number of elements, or kUnknownDim.
Dim list_length(const InferContext& context, std::size_t i);

}  // namespace keel
