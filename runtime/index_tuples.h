// What GatherND and ScatterND share: indices [..., k] whose last axis holds the first k (after
// batch_dims) coordinates of a slice of `data`.
#pragma once

#include "runtime/indices.h"

namespace keel {

class IndexTuples {
 public:
  IndexTuples(const Shape& data, const Shape& indices, std::int64_t batch_dims);

  std::int64_t count() const { return count_; }  // of tuples
  std::int64_t slice() const { return slice_; }  // elements a tuple names
  // The first element of data that tuple t names. Fails with BadInput on a wrong coordinate.
  std::int64_t place(const Node& node, const Indices& indices, std::int64_t t) const {
    const auto length = static_cast<std::int64_t>(sizes_.size());
    std::int64_t at = t / tuples_per_batch_ * batch_stride_;
    for (std::int64_t k = 0; k < length; ++k)
      at += wrap_index(node, indices[t * length + k], first_axis_ + k,
                       sizes_[static_cast<std::size_t>(k)]) *
            strides_[static_cast<std::size_t>(k)];
    return at;
  }

 private:
  Shape sizes_, strides_;  // of the axes that coordinates name
  std::int64_t count_ = 0, slice_ = 1, first_axis_ = 0;
  std::int64_t tuples_per_batch_ = 1, batch_stride_ = 0;
};

}  // namespace keel
