// The mean is guessed from a plain sum, then mean and variance come from differences to the guess.
#include "simd/norm.h"

#include "simd/kernel.h"
#include "simd/reduce.h"

namespace keel::simd::KEEL_TARGET {

extern const ReduceKernels reduce_kernels;

namespace {

constexpr std::int64_t kBlockSize = 64 * kWidth;  // whose sums stay in float

KEEL_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

struct Sums {
  double first, second;  // of d and d^2, d = x - centre
};

KEEL_INLINE Sums block(const float* x, std::int64_t n, float centre) {
  const Vec c = set1(centre);
  Vec first[2] = {zero(), zero()}, second[2] = {zero(), zero()};
  std::int64_t i = 0;
  for (; i + 2 * kWidth <= n; i += 2 * kWidth) {
    KEEL_UNROLL for (int v = 0; v < 2; v++) {
      const Vec d = load(x + i + v * kWidth) - c;
      first[v] += d;
      second[v] = fma(d, d, second[v]);
    }
  }
  Sums sums = {static_cast<double>(horizontal_add(first[0] + first[1])),
               static_cast<double>(horizontal_add(second[0] + second[1]))};
  for (; i < n; i++) {
    const double d = static_cast<double>(x[i] - centre);
    sums.first += d;
    sums.second += d * d;
  }
  return sums;
}

Moments moments(const float* x, std::int64_t n) {
  const double count = static_cast<double>(n);
  const auto centre = static_cast<float>(reduce_kernels.run(ReduceKind::Sum, x, n) / count);
  Sums all = {0, 0};
  for (std::int64_t i = 0; i < n; i += kBlockSize) {
    const Sums sums = block(x + i, smaller(n - i, kBlockSize), centre);
    all.first += sums.first;
    all.second += sums.second;
  }
  const double rest = all.first / count;
  const double variance = all.second / count - rest * rest;
  return {centre, rest, variance < 0 ? 0 : variance};
}

template <bool kScale, bool kBias>
void apply_rows(const float* x, float centre, float factor, float offset, const float* scale,
                const float* bias, float* y, std::int64_t n) {
  const Vec c = set1(centre), f = set1(factor), o = set1(offset);
  for (std::int64_t i = 0; i < n; i += kWidth) {
    const std::int64_t left = smaller(n - i, kWidth);
    const auto at = [=](const float* p) {
      return left == kWidth ? load(p + i) : load_partial(p + i, left);
    };
    Vec v = fma(at(x) - c, f, o);
    if constexpr (kScale && kBias) {
      v = fma(v, at(scale), at(bias));
    } else if constexpr (kScale) {
      v = v * at(scale);
    } else if constexpr (kBias) {
      v = v + at(bias);
    }
    left == kWidth ? store(y + i, v) : store_partial(y + i, v, left);
  }
}

void apply(const float* x, float centre, float factor, float offset, const float* scale,
           const float* bias, float* y, std::int64_t n) {
  if (scale) {
    bias ? apply_rows<true, true>(x, centre, factor, offset, scale, bias, y, n)
         : apply_rows<true, false>(x, centre, factor, offset, scale, bias, y, n);
  } else {
    bias ? apply_rows<false, true>(x, centre, factor, offset, scale, bias, y, n)
         : apply_rows<false, false>(x, centre, factor, offset, scale, bias, y, n);
  }
}

}  // namespace

extern const NormKernels norm_kernels;
const NormKernels norm_kernels = {moments, apply};

}  // namespace keel::simd::KEEL_TARGET
