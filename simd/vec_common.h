// The part of the vector interface that needs no knowledge of the instruction set. kernel.h
// includes it; the primitives it builds on are documented in vec_scalar.h.
#pragma once

#include "simd/layout.h"

namespace keel::simd::KEEL_TARGET {

// Vectors in one channel block of NCHW16c.
constexpr int kVecsPerBlock = kBlock / kWidth;

KEEL_INLINE Vec operator-(Vec a) { return a ^ bitcast(iset1(INT32_MIN)); }
KEEL_INLINE Vec& operator+=(Vec& a, Vec b) { return a = a + b; }
KEEL_INLINE Vec& operator-=(Vec& a, Vec b) { return a = a - b; }
KEEL_INLINE Vec& operator*=(Vec& a, Vec b) { return a = a * b; }

KEEL_INLINE Vec abs(Vec a) { return a & bitcast(iset1(INT32_MAX)); }
// |a| with the sign of b
KEEL_INLINE Vec copysign(Vec a, Vec b) { return abs(a) | (b & bitcast(iset1(INT32_MIN))); }

// NaN where either operand is NaN, as numpy's minimum and maximum. (Plain min and max return the
// second operand there.)
KEEL_INLINE Vec min_nan(Vec a, Vec b) { return select(is_nan(a), a, min(a, b)); }
KEEL_INLINE Vec max_nan(Vec a, Vec b) { return select(is_nan(a), a, max(a, b)); }

// One channel block as vectors.
struct Block {
  Vec v[kVecsPerBlock];
};
KEEL_INLINE Block load_block(const float* p) {
  Block b;
  KEEL_UNROLL for (int i = 0; i < kVecsPerBlock; i++) b.v[i] = load(p + i * kWidth);
  return b;
}
KEEL_INLINE void store_block(float* p, Block b) {
  KEEL_UNROLL for (int i = 0; i < kVecsPerBlock; i++) store(p + i * kWidth, b.v[i]);
}

}  // namespace keel::simd::KEEL_TARGET
