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

// Any kind on n vectors in memory, in place. Defined in kernels/elementwise.cpp.
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

// v = activation(v) for a tile of accumulators, where the kind is cheap or none: one branch. False:
// it is not; nothing is done.
template <int R, int C>
KEEL_INLINE bool apply_in_registers(const Activation& activation, Vec (&v)[R][C]) {
  switch (activation.kind) {
    case ActivationKind::None:
      return true;
    case ActivationKind::Relu:
      apply_cheap<ActivationKind::Relu>(activation, v);
      return true;
    case ActivationKind::LeakyRelu:
      apply_cheap<ActivationKind::LeakyRelu>(activation, v);
      return true;
    case ActivationKind::Clip:
      apply_cheap<ActivationKind::Clip>(activation, v);
      return true;
    case ActivationKind::HardSigmoid:
      apply_cheap<ActivationKind::HardSigmoid>(activation, v);
      return true;
    case ActivationKind::HardSwish:
      apply_cheap<ActivationKind::HardSwish>(activation, v);
      return true;
    default:
      return false;
  }
}

// The other kinds go through memory (L1), so that their code exists once and not once per
// accumulator.
template <int R, int C>
KEEL_INLINE void apply_in_memory(const Activation& activation, Vec (&v)[R][C]) {
  alignas(64) float memory[R * C * kWidth];
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int c = 0; c < C; c++) store_aligned(memory + (r * C + c) * kWidth, v[r][c]);
  }
  activate_vectors(activation, memory, R * C);
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int c = 0; c < C; c++) v[r][c] = load_aligned(memory + (r * C + c) * kWidth);
  }
}

// v = activation(v) of any kind. Kernels whose vectors will lie side by side use the first half
// alone, and activate_vectors() on what they have stored: 0.97 of EfficientNet's time.
template <int R, int C>
KEEL_INLINE void apply(const Activation& activation, Vec (&v)[R][C]) {
  if (!apply_in_registers(activation, v)) apply_in_memory(activation, v);
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
