// MaxPool, AveragePool and LpPool on plain tensors of any rank and type, by the formula.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "runtime/op.h"
#include "runtime/window.h"

namespace keel {

enum class PoolKind { Max, Average, Lp };

struct PlainPool {
  PoolKind kind = PoolKind::Max;
  Window window;            // pads resolved
  Shape in, out;            // spatial sizes
  std::int64_t planes = 0;  // images * channels
  bool count_include_pad = false;
  bool column_major = false;  // of Indices
  std::int64_t p = 2;
};

namespace plain_pool {

// The taps [first, last) of one window along one axis that lie in the input, and how many lie in
// the input or its padding. `start`: position of tap 0.
struct TapRange {
  std::int64_t first, last, start, padded;
};

inline TapRange taps_at(const PlainPool& pool, std::size_t axis, std::int64_t position) {
  const Window& window = pool.window;
  const std::int64_t step = window.dilations[axis], kernel = window.kernel[axis];
  const std::int64_t start = position * window.strides[axis] - window.pads[axis];
  const auto below = [&](std::int64_t limit) {  // taps at positions < limit
    return limit <= start ? 0 : std::min(kernel, (limit - start - 1) / step + 1);
  };
  const std::int64_t end = pool.in[axis] + window.pads[window.rank() + axis];
  return {below(0), below(pool.in[axis]), start, below(end)};
}

// What a window gathers. Averages and norms are summed in double.
template <typename T>
struct Gathered {
  T best = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  std::int64_t index = 0;  // of `best` within the plane, row-major
  bool any = false;
  double sum = 0;

  void add(const PlainPool& pool, T value, std::int64_t at) {
    if (pool.kind == PoolKind::Max) {
      if (any && !(value > best) && value == value) return;
      any = true;
      best = value;
      index = at;
    } else if (pool.kind == PoolKind::Average) {
      sum += static_cast<double>(value);
    } else {
      const double magnitude = std::abs(static_cast<double>(value));
      sum += pool.p == 1   ? magnitude
             : pool.p == 2 ? magnitude * magnitude
                           : std::pow(magnitude, static_cast<double>(pool.p));
    }
  }
};

template <typename T>
void gather(const PlainPool& pool, const std::vector<TapRange>& ranges, std::size_t axis,
            const T* x, std::int64_t at, Gathered<T>& into) {
  const TapRange& range = ranges[axis];
  for (std::int64_t k = range.first; k < range.last; ++k) {
    const std::int64_t position = range.start + k * pool.window.dilations[axis];
    const std::int64_t here = at * pool.in[axis] + position;
    if (axis + 1 < ranges.size())
      gather(pool, ranges, axis + 1, x, here, into);
    else
      into.add(pool, x[here], here);
  }
}

// A row-major index within a plane as a column-major one.
inline std::int64_t column_major(const PlainPool& pool, std::int64_t index) {
  std::int64_t result = 0;
  for (std::size_t axis = pool.in.size(); axis-- > 0;) {
    result = result * pool.in[axis] + index % pool.in[axis];
    index /= pool.in[axis];
  }
  return result;
}

template <typename T>
T result_of(const PlainPool& pool, const std::vector<TapRange>& ranges, const Gathered<T>& got) {
  if (pool.kind == PoolKind::Max) return got.best;
  if (pool.kind == PoolKind::Lp)
    return static_cast<T>(pool.p == 1   ? got.sum
                          : pool.p == 2 ? std::sqrt(got.sum)
                                        : std::pow(got.sum, 1.0 / static_cast<double>(pool.p)));
  double count = 1;
  for (const TapRange& range : ranges)
    count *= static_cast<double>(pool.count_include_pad ? range.padded : range.last - range.first);
  return count > 0 ? static_cast<T>(got.sum / count) : T(0);
}

}  // namespace plain_pool

// x [planes, in] -> y [planes, out]; indices as y, or null.
template <typename T>
void run_plain_pool(const PlainPool& pool, const T* x, T* y, std::int64_t* indices,
                    Parallel& parallel) {
  const std::int64_t in = element_count(pool.in), out = element_count(pool.out);
  parallel.chunks(pool.planes, [&](std::int64_t plane, int) {
    std::vector<plain_pool::TapRange> ranges(pool.in.size());
    for (std::int64_t o = 0; o < out; ++o) {
      std::int64_t rest = o;
      for (std::size_t axis = pool.out.size(); axis-- > 0; rest /= pool.out[axis])
        ranges[axis] = plain_pool::taps_at(pool, axis, rest % pool.out[axis]);
      plain_pool::Gathered<T> got;
      plain_pool::gather(pool, ranges, 0, x + plane * in, 0, got);
      y[plane * out + o] = plain_pool::result_of(pool, ranges, got);
      if (indices == nullptr) continue;
      const std::int64_t at =
          pool.column_major ? plain_pool::column_major(pool, got.index) : got.index;
      indices[plane * out + o] = plane * in + at;
    }
  });
}

}  // namespace keel
