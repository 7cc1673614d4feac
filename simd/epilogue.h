// What kernels do to the accumulators of a tile before they store it, and to what they read.
#pragma once

#include "simd/activation.h"
#include "simd/kernel.h"
#include "simd/prologue.h"

#if defined(KEEL_BASE)
namespace keel::simd::KEEL_BASE {
void activate_vectors(const Activation& activation, float* v, std::int64_t n);
}
#endif

namespace keel::simd::KEEL_TARGET {

// The kinds of a few instructions. In min and max the operand that may be NaN stands second: those
// instructions then return it.
template <ActivationKind kKind>
KEEL_INLINE Vec activate_cheap(Vec x, Vec alpha, Vec beta) {
  if constexpr (kKind == ActivationKind::Relu) return max(zero(), x);
  if constexpr (kKind == ActivationKind::LeakyRelu) return select(x < zero(), alpha * x, x);
  if constexpr (kKind == ActivationKind::Clip) return min(beta, max(alpha, x));
  if constexpr (kKind == ActivationKind::HardSigmoid) {
    return min(set1(1.0f), max(zero(), fma(alpha, x, beta)));
  }
  if constexpr (kKind == ActivationKind::HardSwish) {
    return x * min(set1(1.0f), max(zero(), fma(x, set1(1.0f / 6.0f), set1(0.5f))));
  }
  return x;
}

// Any kind on n vectors in memory, 64-byte aligned, in place. Defined in kernels/elementwise.cpp.
#if defined(KEEL_BASE)
using KEEL_BASE::activate_vectors;
#else
void activate_vectors(const Activation& activation, float* v, std::int64_t n);
#endif

template <ActivationKind kKind, int R, int C>
KEEL_INLINE void apply_cheap(const Activation& activation, Vec (&v)[R][C]) {
  const Vec alpha = set1(activation.alpha), beta = set1(activation.beta);
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int c = 0; c < C; c++) v[r][c] = activate_cheap<kKind>(v[r][c], alpha, beta);
  }
}

// v = activation(v) for a tile of accumulators: one branch, cheap kinds in registers; the others go
// through memory (L1), so that their code exists once and not once per accumulator.
template <int R, int C>
KEEL_INLINE void apply(const Activation& activation, Vec (&v)[R][C]) {
  switch (activation.kind) {
    case ActivationKind::None:
      return;
    case ActivationKind::Relu:
      return apply_cheap<ActivationKind::Relu>(activation, v);
    case ActivationKind::LeakyRelu:
      return apply_cheap<ActivationKind::LeakyRelu>(activation, v);
    case ActivationKind::Clip:
      return apply_cheap<ActivationKind::Clip>(activation, v);
    case ActivationKind::HardSigmoid:
      return apply_cheap<ActivationKind::HardSigmoid>(activation, v);
    case ActivationKind::HardSwish:
      return apply_cheap<ActivationKind::HardSwish>(activation, v);
    default:
      break;
  }
  alignas(64) float memory[R * C * kWidth];
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int c = 0; c < C; c++) store_aligned(memory + (r * C + c) * kWidth, v[r][c]);
  }
  activate_vectors(activation, memory, R * C);
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int c = 0; c < C; c++) v[r][c] = load_aligned(memory + (r * C + c) * kWidth);
  }
}

template <int N>
KEEL_INLINE void apply(const Activation& activation, Vec (&v)[N]) {
  Vec tile[1][N];
  KEEL_UNROLL for (int i = 0; i < N; i++) tile[0][i] = v[i];
  apply(activation, tile);
  KEEL_UNROLL for (int i = 0; i < N; i++) v[i] = tile[0][i];
}

KEEL_INLINE Vec apply(const Activation& activation, Vec v) {
  Vec tile[1][1] = {{v}};
  apply(activation, tile);
  return tile[0][0];
}

// What a kernel reads of one channel block; `affine` is that block's, mean, s and b.
KEEL_INLINE void apply_prologue(const float* affine, const Activation& activation, Block& x) {
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
    const float* at = affine + v * kWidth;
    x.v[v] = fma(x.v[v] - load(at), load(at + kBlock), load(at + 2 * kBlock));
  }
  apply(activation, x.v);
}

}  // namespace keel::simd::KEEL_TARGET
