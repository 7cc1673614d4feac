// What GatherElements and ScatterElements share: for every index i of `indices`, the place in
// `data` that is i with i_axis replaced by indices[i].
#pragma once

#include "runtime/indices.h"

namespace keel {

// Checks the types and shapes of inputs 0 (data) and 1 (indices) and the attribute axis; returns
// the axis, non-negative.
std::int64_t check_element_indices(const InferContext& context);

class ElementWalk {
 public:
  ElementWalk(const Node& node, const Shape& data, const Shape& indices);
  std::int64_t count() const { return count_; }

  // visit(i, place in data) for every flat position i of `indices` in [begin, end).
  template <typename Visit>
  void run(const Node& node, const Indices& indices, std::int64_t begin, std::int64_t end,
           const Visit& visit) const {
    if (begin >= end) return;  // an axis may be empty
    const std::size_t rank = dims_.size();
    std::int64_t position[64] = {}, base = 0, rest = begin;
    for (std::size_t k = rank; k-- > 0;) {
      position[k] = rest % dims_[k];
      rest /= dims_[k];
      base += position[k] * strides_[k];
    }
    for (std::int64_t i = begin; i < end; ++i) {
      visit(i, base + wrap_index(node, indices[i], axis_, size_) * axis_stride_);
      for (std::size_t k = rank; k-- > 0;) {
        base += strides_[k];
        if (++position[k] < dims_[k]) break;
        base -= strides_[k] * dims_[k];
        position[k] = 0;
      }
    }
  }

 private:
  Shape dims_, strides_;  // of indices; strides in data, 0 along the axis
  std::int64_t count_ = 0, axis_ = 0, size_ = 0, axis_stride_ = 1;
};

}  // namespace keel
