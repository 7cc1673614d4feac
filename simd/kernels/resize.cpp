// Weighted sums of rows, which are vectors anyway, and of columns: whole channel blocks where many
// elements move together, else lanes picked out of one register that holds all a vector needs.
#include "simd/resize.h"

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

KEEL_INLINE Vec load_some(const float* p, std::int64_t n) {
  return n >= kWidth ? load(p) : load_partial(p, n);
}
KEEL_INLINE void store_some(float* p, Vec v, std::int64_t n) {
  n >= kWidth ? store(p, v) : store_partial(p, v, n);
}

void combine_two(const float* a, const float* b, float wa, float wb, float* y, std::int64_t n) {
  const Vec va = set1(wa), vb = set1(wb);
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(y + i, fma(load(b + i), vb, load(a + i) * va));
  if (i < n) {
    const std::int64_t left = n - i;
    const Vec sum = fma(load_partial(b + i, left), vb, load_partial(a + i, left) * va);
    store_partial(y + i, sum, left);
  }
}

void combine(const float* const* rows, const float* weight, std::int64_t taps, float* y,
             std::int64_t n) {
  if (taps == 2) return combine_two(rows[0], rows[1], weight[0], weight[1], y, n);
  for (std::int64_t i = 0; i < n; i += kWidth) {
    Vec sum = zero();
    for (std::int64_t t = 0; t < taps; t++) {
      sum = fma(load_some(rows[t] + i, n - i), set1(weight[t]), sum);
    }
    store_some(y + i, sum, n - i);
  }
}

// Several elements to a column.
template <bool kWeighted>
void wide_columns(const ResizeColumns& c, const float* x, std::int64_t inner, float* y) {
  for (std::int64_t j = 0; j < c.out; j++, y += inner) {
    for (std::int64_t i = 0; i < inner; i += kWidth) {
      const std::int64_t left = inner - i;
      Vec sum = load_some(x + c.index[j] * inner + i, left);
      if constexpr (kWeighted) sum = sum * set1(c.weight[j]);
      for (std::int64_t at = j + c.out; kWeighted && at < c.taps * c.out; at += c.out) {
        sum = fma(load_some(x + c.index[at] * inner + i, left), set1(c.weight[at]), sum);
      }
      store_some(y + i, sum, left);
    }
  }
}

// One channel block to a column, two taps: linear interpolation in NCHW16c.
void linear_blocks(const ResizeColumns& c, const float* x, float* y) {
  for (std::int64_t j = 0; j < c.out; j++, y += kBlock) {
    const float* a = x + std::int64_t{c.index[j]} * kBlock;
    const float* b = x + std::int64_t{c.index[c.out + j]} * kBlock;
    const Vec wa = set1(c.weight[j]), wb = set1(c.weight[c.out + j]);
    KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
      const int at = v * kWidth;
      store(y + at, fma(load(b + at), wb, load(a + at) * wa));
    }
  }
}

// x[index[0]], … of `n` (at most kWidth) columns.
KEEL_INLINE Vec pick(const ResizeColumns& c, const float* x, const std::int32_t* index,
                     std::int64_t n) {
  const std::int64_t first = index[0], last = index[n - 1];
  if (n == kWidth && c.ascending && last - first < kWidth) {
    const Vec window = load_some(x + first, c.in - first);
    return permute(window, iload(index) - iset1(static_cast<std::int32_t>(first)));
  }
  float lanes[kWidth];
  for (std::int64_t i = 0; i < n; i++) lanes[i] = x[index[i]];
  return load_some(lanes, n);
}

template <bool kWeighted>
void narrow_columns(const ResizeColumns& c, const float* x, float* y) {
  for (std::int64_t j = 0; j < c.out; j += kWidth) {
    const std::int64_t n = c.out - j < kWidth ? c.out - j : kWidth;
    Vec sum = pick(c, x, c.index + j, n);
    if constexpr (kWeighted) sum = sum * load_some(c.weight + j, n);
    for (std::int64_t at = j + c.out; kWeighted && at < c.taps * c.out; at += c.out) {
      sum = fma(pick(c, x, c.index + at, n), load_some(c.weight + at, n), sum);
    }
    store_some(y + j, sum, n);
  }
}

void columns(const ResizeColumns& c, const float* x, std::int64_t inner, float* y) {
  if (inner == 1) {
    return c.weight == nullptr ? narrow_columns<false>(c, x, y) : narrow_columns<true>(c, x, y);
  }
  if (c.weight == nullptr) return wide_columns<false>(c, x, inner, y);
  if (inner == kBlock && c.taps == 2) return linear_blocks(c, x, y);
  wide_columns<true>(c, x, inner, y);
}

}  // namespace

extern const ResizeKernels resize_kernels;
const ResizeKernels resize_kernels = {combine, columns};

}  // namespace keel::simd::KEEL_TARGET
