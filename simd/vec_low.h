// The lower half of a vector of 16 floats: half the work where no more of it is wanted. The other
// lanes of a result are unspecified. On shorter vectors, all of it.
#pragma once

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

#if defined(__AVX512F__)
KEEL_INLINE Vec broadcast_low(const float* p) {
  return {_mm512_castps256_ps512(_mm256_broadcast_ss(p))};
}
KEEL_INLINE Vec fma_low(Vec a, Vec b, Vec c) {
  return {_mm512_castps256_ps512(_mm256_fmadd_ps(
      _mm512_castps512_ps256(a.b), _mm512_castps512_ps256(b.b), _mm512_castps512_ps256(c.b)))};
}
#else
KEEL_INLINE Vec broadcast_low(const float* p) { return broadcast(p); }
KEEL_INLINE Vec fma_low(Vec a, Vec b, Vec c) { return fma(a, b, c); }
#endif

}  // namespace keel::simd::KEEL_TARGET
