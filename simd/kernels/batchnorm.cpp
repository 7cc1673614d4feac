// An affine map per channel with its neighbours in one pass, bound by memory.
#include "simd/batchnorm.h"

#include "simd/epilogue.h"

namespace keel::simd::KEEL_TARGET {
namespace {

// Positions at a time: enough to hide the latency of one multiply-add.
constexpr int kPositions = 4;

template <int N>
KEEL_INLINE void positions(const float* x, const Vec* mean, const Vec* s, const Vec* b,
                           const float* residual, float* y, const Activation& activation) {
  Vec v[N][kVecsPerBlock];
  KEEL_UNROLL for (int i = 0; i < N; i++) {
    KEEL_UNROLL for (int k = 0; k < kVecsPerBlock; k++) {
      const int at = i * kBlock + k * kWidth;
      v[i][k] = fma(load(x + at) - mean[k], s[k], b[k]);
      if (residual != nullptr) v[i][k] = v[i][k] + load(residual + at);
    }
  }
  apply(activation, v);
  KEEL_UNROLL for (int i = 0; i < N; i++) {
    KEEL_UNROLL for (int k = 0; k < kVecsPerBlock; k++) store(y + i * kBlock + k * kWidth, v[i][k]);
  }
}

void blocked(const float* x, const float* mean, const float* s, const float* b,
             const float* residual, float* y, std::int64_t n, Activation activation) {
  Vec centre[kVecsPerBlock], factor[kVecsPerBlock], offset[kVecsPerBlock];
  KEEL_UNROLL for (int k = 0; k < kVecsPerBlock; k++) {
    centre[k] = load(mean + k * kWidth);
    factor[k] = load(s + k * kWidth);
    offset[k] = load(b + k * kWidth);
  }
  std::int64_t i = 0;
  for (; i + kPositions <= n; i += kPositions) {
    const std::int64_t at = i * kBlock;
    positions<kPositions>(x + at, centre, factor, offset,
                          residual == nullptr ? nullptr : residual + at, y + at, activation);
  }
  for (; i < n; i++) {
    const std::int64_t at = i * kBlock;
    positions<1>(x + at, centre, factor, offset, residual == nullptr ? nullptr : residual + at,
                 y + at, activation);
  }
}

}  // namespace

extern const BatchnormKernels batchnorm_kernels;
const BatchnormKernels batchnorm_kernels = {blocked};

}  // namespace keel::simd::KEEL_TARGET
