#include "runtime/index_tuples.h"

#include <algorithm>

namespace keel {

IndexTuples::IndexTuples(const Shape& data, const Shape& indices, std::int64_t batch_dims)
    : first_axis_(batch_dims) {
  const auto batch = static_cast<std::size_t>(batch_dims);
  const auto end = batch + static_cast<std::size_t>(indices.back());
  const Shape strides = strides_of(data);
  sizes_.assign(data.begin() + static_cast<std::ptrdiff_t>(batch),
                data.begin() + static_cast<std::ptrdiff_t>(end));
  strides_.assign(strides.begin() + static_cast<std::ptrdiff_t>(batch),
                  strides.begin() + static_cast<std::ptrdiff_t>(end));
  count_ = product(indices, 0, indices.size() - 1);
  slice_ = product(data, end, data.size());
  tuples_per_batch_ = std::max<std::int64_t>(product(indices, batch, indices.size() - 1), 1);
  batch_stride_ = product(data, batch, data.size());
}

}  // namespace keel
