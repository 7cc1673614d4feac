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

template <Pool kPool>
KEEL_INLINE void window(const PoolShape& s, const Prologue* prologue, const float* x,
                        const Taps& rows, const Taps& columns, float scale, float* y) {
  constexpr bool kMax = kPool == Pool::Max;
  Block sum;
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) sum.v[v] = set1(kMax ? kLowest : 0.0F);
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
        sum.v[v] = kMax ? max_nan(sum.v[v], value.v[v]) : sum.v[v] + value.v[v];
      }
    }
  }
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
    store(y + v * kWidth, kMax ? sum.v[v] : sum.v[v] * set1(scale));
  }
}

template <Pool kPool>
KEEL_INLINE void windows(const PoolShape& s, const Prologue* prologue, const float* x, float* y,
                         std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; i++) {
    const Taps rows = taps_of(s, 0, i);
    for (std::int64_t j = 0; j < s.out[1]; j++) {
      const Taps columns = taps_of(s, 1, j);
      const std::int64_t count = counted(s, 0, i, rows) * counted(s, 1, j, columns);
      const float scale = count > 0 ? 1.0F / static_cast<float>(count) : 0.0F;
      window<kPool>(s, prologue, x, rows, columns, scale, y + (i * s.out[1] + j) * kBlock);
    }
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
