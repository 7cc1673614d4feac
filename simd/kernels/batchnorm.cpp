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

KEEL_INLINE Vec load_lanes(const float* p, std::int64_t n) {
  return n == kWidth ? load(p) : load_partial(p, n);
}

// Mean, s and b of N vectors of elements.
template <int N>
struct Affine {
  Vec mean[N], s[N], b[N];
};

// N vectors, the last of them with n lanes.
template <int N>
KEEL_INLINE void vectors(const float* x, const Affine<N>& affine, const float* residual, float* y,
                         std::int64_t n, const Activation& activation) {
  Vec v[1][N];
  KEEL_UNROLL for (int i = 0; i < N; i++) {
    const std::int64_t lanes = i == N - 1 ? n : kWidth;
    const int at = i * kWidth;
    v[0][i] = fma(load_lanes(x + at, lanes) - affine.mean[i], affine.s[i], affine.b[i]);
    if (residual != nullptr) v[0][i] = v[0][i] + load_lanes(residual + at, lanes);
  }
  apply(activation, v);
  KEEL_UNROLL for (int i = 0; i < N; i++) {
    const std::int64_t lanes = i == N - 1 ? n : kWidth;
    const int at = i * kWidth;
    lanes == kWidth ? store(y + at, v[0][i]) : store_partial(y + at, v[0][i], lanes);
  }
}

template <int N>
KEEL_INLINE Affine<N> same_affine(float mean, float s, float b) {
  Affine<N> affine;
  KEEL_UNROLL for (int i = 0; i < N; i++) {
    affine.mean[i] = set1(mean), affine.s[i] = set1(s), affine.b[i] = set1(b);
  }
  return affine;
}

void plane(const float* x, float mean, float s, float b, const float* residual, float* y,
           std::int64_t n, Activation activation) {
  constexpr int kVecs = 4;
  const Affine<kVecs> many = same_affine<kVecs>(mean, s, b);
  const Affine<1> one = same_affine<1>(mean, s, b);
  const auto from = [=](std::int64_t i) { return residual == nullptr ? nullptr : residual + i; };
  std::int64_t i = 0;
  for (; i + kVecs * kWidth <= n; i += kVecs * kWidth) {
    vectors(x + i, many, from(i), y + i, kWidth, activation);
  }
  for (; i < n; i += kWidth) {
    vectors(x + i, one, from(i), y + i, n - i < kWidth ? n - i : kWidth, activation);
  }
}

// kVecs vectors of whole blocks in each of kRows rows, which share the parameters: those are three
// times as much to load as x.
template <int kRows, int kVecs, bool kResidual>
KEEL_INLINE void channel_vectors(const float* x, const float* affine, const float* residual,
                                 float* y, std::int64_t pitch, const Activation& activation) {
  Vec v[kRows][kVecs];
  KEEL_UNROLL for (int k = 0; k < kVecs; k++) {
    const float* p = affine + k * kWidth / kBlock * 3 * kBlock + k * kWidth % kBlock;
    const auto parameter = [](Vec a) { return kRows == 1 ? a : in_register(a); };
    const Vec mean = parameter(load(p)), s = parameter(load(p + kBlock));
    const Vec b = parameter(load(p + 2 * kBlock));
    KEEL_UNROLL for (int r = 0; r < kRows; r++) {
      const std::int64_t at = r * pitch + k * kWidth;
      v[r][k] = fma(load(x + at) - mean, s, b);
      if (kResidual) v[r][k] = v[r][k] + load(residual + at);
    }
  }
  apply(activation, v);
  KEEL_UNROLL for (int r = 0; r < kRows; r++) {
    KEEL_UNROLL for (int k = 0; k < kVecs; k++) store(y + r * pitch + k * kWidth, v[r][k]);
  }
}

template <int kRows, bool kResidual>
KEEL_INLINE void rows_of_channels(const float* x, const float* affine, const float* residual,
                                  float* y, std::int64_t rows, std::int64_t pitch, std::int64_t n,
                                  const Activation& activation) {
  constexpr int kVecs = kRows == 1 ? (kWidth == 16 ? 4 : 8) : kVecsPerBlock == 4 ? 4 : 2;
  for (std::int64_t first = 0; first < rows; first += kRows) {
    const auto from = [=](const float* p, std::int64_t i) {
      return kResidual ? p + first * pitch + i : nullptr;
    };
    const float* row = x + first * pitch;
    float* to = y + first * pitch;
    std::int64_t i = 0;
    for (; i + kVecs * kWidth <= n; i += kVecs * kWidth) {
      channel_vectors<kRows, kVecs, kResidual>(row + i, affine + 3 * i, from(residual, i), to + i,
                                               pitch, activation);
    }
    for (; i < n; i += kWidth) {
      const float* p = affine + i / kBlock * 3 * kBlock + i % kBlock;
      const Affine<1> one = {{load(p)}, {load(p + kBlock)}, {load(p + 2 * kBlock)}};
      KEEL_UNROLL for (int r = 0; r < kRows; r++) {
        const std::int64_t at = r * pitch + i;
        vectors(row + at, one, from(residual, at), to + at, n - i < kWidth ? n - i : kWidth,
                activation);
      }
    }
  }
}

// Two rows at a time are faster while they come from a cache; with residuals they would be more
// streams than a set of L1 has ways, and from memory one stream is best.
KEEL_INLINE void channels_of_kind(const float* x, const float* affine, const float* residual,
                                  float* y, std::int64_t rows, std::int64_t pitch, std::int64_t n,
                                  bool cached, const Activation& activation) {
  if (residual != nullptr)
    return rows_of_channels<1, true>(x, affine, residual, y, rows, pitch, n, activation);
  const std::int64_t paired = cached ? rows / 2 * 2 : 0, at = paired * pitch;
  rows_of_channels<2, false>(x, affine, nullptr, y, paired, pitch, n, activation);
  rows_of_channels<1, false>(x + at, affine, nullptr, y + at, rows - paired, pitch, n, activation);
}

// The kinds that are frequent have loops of their own.
void channels(const float* x, const float* affine, const float* residual, float* y,
              std::int64_t rows, std::int64_t pitch, std::int64_t n, bool cached,
              Activation activation) {
  if (activation.kind == ActivationKind::None)
    return channels_of_kind(x, affine, residual, y, rows, pitch, n, cached, Activation{});
  if (activation.kind == ActivationKind::Relu)
    return channels_of_kind(x, affine, residual, y, rows, pitch, n, cached,
                            Activation{ActivationKind::Relu});
  channels_of_kind(x, affine, residual, y, rows, pitch, n, cached, activation);
}

}  // namespace

extern const BatchnormKernels batchnorm_kernels;
const BatchnormKernels batchnorm_kernels = {blocked, plane, channels};

}  // namespace keel::simd::KEEL_TARGET
