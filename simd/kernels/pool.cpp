// Max and average over windows: 16 channels side by side, one output position at a time.
#include "simd/pool.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr float kLowest = -3.402823466e+38F;

// Taps [first, last) of a window at output position `out` that fall within [0, size).
struct Taps {
  std::int64_t first, last, at;  // at: input position of tap `first`
};

KEEL_INLINE Taps taps_of(const PoolShape& s, int axis, std::int64_t out) {
  const std::int64_t origin = out * s.stride[axis] - s.pad_begin[axis];
  const std::int64_t step = s.dilation[axis];
  const std::int64_t first = origin < 0 ? (-origin + step - 1) / step : 0;
  std::int64_t last = origin >= s.in[axis] ? 0 : (s.in[axis] - origin + step - 1) / step;
  if (last > s.kernel[axis]) last = s.kernel[axis];
  return {first, last < first ? first : last, origin + first * step};
}

// Taps that count for the average: those within the padded input, or within the input itself.
KEEL_INLINE std::int64_t counted(const PoolShape& s, int axis, std::int64_t out, const Taps& taps) {
  if (!s.count_include_pad) return taps.last - taps.first;
  const std::int64_t origin = out * s.stride[axis] - s.pad_begin[axis];
  const std::int64_t room = s.in[axis] + s.pad_end[axis] - origin;
  const std::int64_t fit = (room + s.dilation[axis] - 1) / s.dilation[axis];
  return fit < s.kernel[axis] ? fit : s.kernel[axis];
}

enum class Pool { Max, Average, AverageAfter };

// The maximum where a value may be NaN, which max() may lose.
Vec careful_max(const PoolShape& s, const float* x, const Taps& rows, const Taps& columns) {
  Vec most = set1(kLowest);
  for (std::int64_t i = rows.first; i < rows.last; i++) {
    const std::int64_t row = rows.at + (i - rows.first) * s.dilation[0];
    const float* at = x + (row * s.in[1] + columns.at) * kBlock;
    for (std::int64_t j = columns.first; j < columns.last; j++, at += s.dilation[1] * kBlock)
      most = max_nan(most, load(at));
  }
  return most;
}

// What a window holds of one block: the sum for averages; for the maximum the largest number, and a
// sum that is NaN where a value is.
struct Gathered {
  Block most, sum;
};

template <Pool kPool>
KEEL_INLINE Gathered gather(const PoolShape& s, const Prologue* prologue, const float* x,
                            const Taps& rows, const Taps& columns) {
  Gathered all;
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
    all.most.v[v] = set1(kLowest);
    all.sum.v[v] = zero();
  }
  const std::int64_t row_pitch = s.in[1] * kBlock;
  const float* row = x + rows.at * row_pitch + columns.at * kBlock;
  for (std::int64_t i = rows.first; i < rows.last; i++, row += s.dilation[0] * row_pitch) {
    const float* at = row;
    for (std::int64_t j = columns.first; j < columns.last; j++, at += s.dilation[1] * kBlock) {
      Block value = load_block(at);
      if constexpr (kPool == Pool::AverageAfter) {
        apply_prologue(prologue->affine, prologue->activation, value);
      }
      KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
        if constexpr (kPool == Pool::Max) all.most.v[v] = max(all.most.v[v], value.v[v]);
        all.sum.v[v] += value.v[v];
      }
    }
  }
  return all;
}

template <Pool kPool>
KEEL_INLINE void window(const PoolShape& s, const Prologue* prologue, const float* x,
                        const Taps& rows, const Taps& columns, float scale, float* y) {
  const Gathered all = gather<kPool>(s, prologue, x, rows, columns);
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
    if constexpr (kPool == Pool::Max) {
      store(y + v * kWidth, all.most.v[v]);
      if (any(is_nan(all.sum.v[v])))
        store(y + v * kWidth, careful_max(s, x + v * kWidth, rows, columns));
    } else {
      store(y + v * kWidth, all.sum.v[v] * set1(scale));
    }
  }
}

// `count` windows of n x n side by side, all inside the input.
template <int n>
KEEL_INLINE void max_windows(const PoolShape& s, const float* x, const Taps& rows, Taps columns,
                             std::int64_t count, float* y) {
  const std::int64_t row_pitch = s.in[1] * kBlock;
  const float* at = x + rows.at * row_pitch + columns.at * kBlock;
  for (; count > 0; count--, at += s.stride[1] * kBlock, y += kBlock, columns.at += s.stride[1]) {
    KEEL_UNROLL for (int v = 0; v < kBlock; v += kWidth) {
      Vec most[n], sum[n];
      KEEL_UNROLL for (int i = 0; i < n; i++) most[i] = sum[i] = load(at + i * row_pitch + v);
      KEEL_UNROLL for (int i = 0; i < n; i++) {
        KEEL_UNROLL for (int j = 1; j < n; j++) {
          const Vec value = load(at + i * row_pitch + j * kBlock + v);
          most[i] = max(most[i], value);
          sum[i] += value;
        }
      }
      KEEL_UNROLL for (int i = 1; i < n; i++) {
        most[0] = max(most[0], most[i]);
        sum[0] += sum[i];
      }
      store(y + v, most[0]);
      if (any(is_nan(sum[0]))) store(y + v, careful_max(s, x + v, rows, columns));
    }
  }
}

// Positions [begin, end) of a row whose windows lie inside on the axis of columns.
struct Inside {
  std::int64_t begin, end;
};

KEEL_INLINE Inside columns_inside(const PoolShape& s) {
  const std::int64_t extent = (s.kernel[1] - 1) * s.dilation[1] + 1, stride = s.stride[1];
  const std::int64_t room = s.in[1] + s.pad_begin[1] - extent;
  const std::int64_t end = room < 0 ? 0 : room / stride + 1;
  return {(s.pad_begin[1] + stride - 1) / stride, end < s.out[1] ? end : s.out[1]};
}

template <Pool kPool>
KEEL_INLINE void windows(const PoolShape& s, const Prologue* prologue, const float* x, float* y,
                         std::int64_t begin, std::int64_t end) {
  const Inside inside = columns_inside(s);
  for (std::int64_t i = begin; i < end; i++) {
    const Taps rows = taps_of(s, 0, i);
    float* to = y + i * s.out[1] * kBlock;
    std::int64_t j = 0;
    const auto border = [&](std::int64_t last) {
      for (; j < last; j++) {
        const Taps columns = taps_of(s, 1, j);
        const std::int64_t count = counted(s, 0, i, rows) * counted(s, 1, j, columns);
        const float scale = count > 0 ? 1.0F / static_cast<float>(count) : 0.0F;
        window<kPool>(s, prologue, x, rows, columns, scale, to + j * kBlock);
      }
    };
    border(inside.begin < s.out[1] ? inside.begin : s.out[1]);
    Taps columns = {0, s.kernel[1], j * s.stride[1] - s.pad_begin[1]};
    if constexpr (kPool == Pool::Max) {
      const std::int64_t n = rows.last - rows.first, left = inside.end - j;
      const bool dense = s.kernel[1] == n && s.dilation[0] == 1 && s.dilation[1] == 1;
      if (dense && left > 0 && n == 3) max_windows<3>(s, x, rows, columns, left, to + j * kBlock);
      if (dense && left > 0 && n == 2) max_windows<2>(s, x, rows, columns, left, to + j * kBlock);
      if (dense && left > 0 && (n == 2 || n == 3)) j = inside.end;
    }
    const std::int64_t count = counted(s, 0, i, rows) * s.kernel[1];
    const float scale = count > 0 ? 1.0F / static_cast<float>(count) : 0.0F;
    for (; j < inside.end; j++, columns.at += s.stride[1])
      window<kPool>(s, prologue, x, rows, columns, scale, to + j * kBlock);
    border(s.out[1]);
  }
}

template <Pool kPool>
void pool(const PoolShape& s, const float* x, float* y, std::int64_t begin, std::int64_t end) {
  windows<kPool>(s, nullptr, x, y, begin, end);
}

void average_after(const PoolShape& s, const Prologue& prologue, const float* x, float* y,
                   std::int64_t begin, std::int64_t end) {
  windows<Pool::AverageAfter>(s, &prologue, x, y, begin, end);
}

}  // namespace

extern const PoolKernels pool_kernels;
const PoolKernels pool_kernels = {pool<Pool::Max>, pool<Pool::Average>, average_after};

}  // namespace keel::simd::KEEL_TARGET
