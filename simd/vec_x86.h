// The primitives for which xsimd 8.1 has nothing, or something slow or differently defined: fused
// multiply-add on AVX-512, masked tails, unordered comparison, rounding, lane order of reductions,
// transposes. With vec_low.h the one place that asks for the instruction set; kernels overload
// nothing.
#pragma once

#include <immintrin.h>

namespace keel::simd::KEEL_TARGET {

KEEL_INLINE float horizontal_add(__m128 a) {
  const __m128 two = _mm_add_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
KEEL_INLINE float horizontal_max(__m128 a) {
  const __m128 two = _mm_max_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

#if defined(__AVX512F__)

KEEL_INLINE __mmask16 first_lanes(std::ptrdiff_t n) {
  return static_cast<__mmask16>((1u << n) - 1);
}
KEEL_INLINE Vec load_partial(const float* p, std::ptrdiff_t n) {
  return {_mm512_maskz_loadu_ps(first_lanes(n), p)};
}
KEEL_INLINE Vec permute(Vec a, IVec from) { return {_mm512_permutexvar_ps(from.b, a.b)}; }
KEEL_INLINE Vec in_register(Vec a) {
  asm("" : "+v"(a.b.data));
  return a;
}
KEEL_INLINE void store_partial(float* p, Vec a, std::ptrdiff_t n) {
  _mm512_mask_storeu_ps(p, first_lanes(n), a.b);
}

constexpr bool kHasFma = true;
KEEL_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.b, b.b, c.b)}; }
KEEL_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.b, b.b, c.b)}; }

KEEL_INLINE Mask to_mask(__mmask16 m) { return {xsimd::batch_bool<float, KEEL_ARCH>(m)}; }
KEEL_INLINE Mask operator!(Mask a) { return to_mask(_mm512_knot(a.b.data)); }
KEEL_INLINE Mask operator!=(Vec a, Vec b) {
  return to_mask(_mm512_cmp_ps_mask(a.b, b.b, _CMP_NEQ_UQ));
}
KEEL_INLINE Mask is_nan(Vec a) { return to_mask(_mm512_cmp_ps_mask(a.b, a.b, _CMP_UNORD_Q)); }
KEEL_INLINE Mask operator==(IVec a, IVec b) { return to_mask(_mm512_cmpeq_epi32_mask(a.b, b.b)); }
KEEL_INLINE Mask operator>(IVec a, IVec b) { return to_mask(_mm512_cmpgt_epi32_mask(a.b, b.b)); }
KEEL_INLINE bool any(Mask a) { return a.b.data != 0; }

KEEL_INLINE Vec round(Vec a) { return {_mm512_roundscale_ps(a.b, _MM_FROUND_TO_NEAREST_INT)}; }
KEEL_INLINE Vec floor(Vec a) { return {_mm512_roundscale_ps(a.b, _MM_FROUND_TO_NEG_INF)}; }
KEEL_INLINE Vec ceil(Vec a) { return {_mm512_roundscale_ps(a.b, _MM_FROUND_TO_POS_INF)}; }
KEEL_INLINE Vec trunc(Vec a) { return {_mm512_roundscale_ps(a.b, _MM_FROUND_TO_ZERO)}; }
KEEL_INLINE IVec round_to_int(Vec a) { return {_mm512_cvtps_epi32(a.b)}; }
KEEL_INLINE Vec to_float(IVec a) { return {_mm512_cvtepi32_ps(a.b)}; }
KEEL_INLINE Vec scale2(Vec a, Vec n) { return {_mm512_scalef_ps(a.b, n.b)}; }

KEEL_INLINE float horizontal_add(Vec a) {
  const __m512 x = a.b;
  const __m256 y = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  return horizontal_add(_mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1)));
}
KEEL_INLINE float horizontal_max(Vec a) {
  const __m512 x = a.b;
  const __m256 y = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  return horizontal_max(_mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1)));
}

// Pairs of lanes, pairs of pairs, then whole 128-bit quarters, twice.
KEEL_INLINE void transpose(Vec (&rows)[kWidth]) {
  __m512 t[16], r[16];
  KEEL_UNROLL for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(rows[2 * i].b, rows[2 * i + 1].b);
    t[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i].b, rows[2 * i + 1].b);
  }
  KEEL_UNROLL for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  KEEL_UNROLL for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  KEEL_UNROLL for (int i = 0; i < 4; i++) {
    rows[i] = {_mm512_shuffle_f32x4(t[i], t[i + 8], 0x88)};
    rows[i + 8] = {_mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd)};
    rows[i + 4] = {_mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88)};
    rows[i + 12] = {_mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd)};
  }
}

#else

KEEL_INLINE Vec in_register(Vec a) {
  asm("" : "+x"(a.b.data));
  return a;
}
KEEL_INLINE Vec to_float(IVec a) { return {xsimd::to_float(a.b)}; }
KEEL_INLINE Mask operator!(Mask a) { return {~a.b}; }
KEEL_INLINE Mask is_nan(Vec a) { return {xsimd::isnan(a.b)}; }
KEEL_INLINE Vec scale2_in_halves(Vec a, IVec n) {
  const IVec half = shift_right<1>(n);
  return a * pow2(half) * pow2(n - half);
}

#if defined(__AVX2__)

KEEL_INLINE __m256i first_lanes(std::ptrdiff_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
KEEL_INLINE Vec load_partial(const float* p, std::ptrdiff_t n) {
  return {_mm256_maskload_ps(p, first_lanes(n))};
}
KEEL_INLINE void store_partial(float* p, Vec a, std::ptrdiff_t n) {
  _mm256_maskstore_ps(p, first_lanes(n), a.b);
}

KEEL_INLINE Vec permute(Vec a, IVec from) { return {_mm256_permutevar8x32_ps(a.b, from.b)}; }

constexpr bool kHasFma = true;
KEEL_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.b, b.b, c.b)}; }
KEEL_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.b, b.b, c.b)}; }

KEEL_INLINE Mask operator!=(Vec a, Vec b) { return {_mm256_cmp_ps(a.b, b.b, _CMP_NEQ_UQ)}; }
KEEL_INLINE Mask to_mask(__m256i m) { return {_mm256_castsi256_ps(m)}; }
KEEL_INLINE Mask operator==(IVec a, IVec b) { return to_mask(_mm256_cmpeq_epi32(a.b, b.b)); }
KEEL_INLINE Mask operator>(IVec a, IVec b) { return to_mask(_mm256_cmpgt_epi32(a.b, b.b)); }
KEEL_INLINE bool any(Mask a) { return _mm256_movemask_ps(a.b) != 0; }

KEEL_INLINE Vec round(Vec a) {
  return {_mm256_round_ps(a.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
KEEL_INLINE Vec floor(Vec a) { return {_mm256_floor_ps(a.b)}; }
KEEL_INLINE Vec ceil(Vec a) { return {_mm256_ceil_ps(a.b)}; }
KEEL_INLINE Vec trunc(Vec a) {
  return {_mm256_round_ps(a.b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)};
}
KEEL_INLINE IVec round_to_int(Vec a) { return {_mm256_cvtps_epi32(a.b)}; }
KEEL_INLINE Vec scale2(Vec a, Vec n) { return scale2_in_halves(a, round_to_int(n)); }

KEEL_INLINE float horizontal_add(Vec a) {
  const __m256 x = a.b;
  return horizontal_add(_mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1)));
}
KEEL_INLINE float horizontal_max(Vec a) {
  const __m256 x = a.b;
  return horizontal_max(_mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1)));
}

// Pairs of lanes, pairs of pairs, then the 128-bit halves.
KEEL_INLINE void transpose(Vec (&rows)[kWidth]) {
  __m256 t[8], r[8];
  KEEL_UNROLL for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(rows[2 * i].b, rows[2 * i + 1].b);
    t[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i].b, rows[2 * i + 1].b);
  }
  KEEL_UNROLL for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  KEEL_UNROLL for (int i = 0; i < 4; i++) {
    rows[i] = {_mm256_permute2f128_ps(r[i], r[i + 4], 0x20)};
    rows[i + 4] = {_mm256_permute2f128_ps(r[i], r[i + 4], 0x31)};
  }
}

#else  // SSE4.2

KEEL_INLINE Vec load_partial(const float* p, std::ptrdiff_t n) {
  alignas(16) float lanes[4] = {};
  for (std::ptrdiff_t i = 0; i < n; i++) lanes[i] = p[i];
  return load_aligned(lanes);
}
KEEL_INLINE void store_partial(float* p, Vec a, std::ptrdiff_t n) {
  alignas(16) float lanes[4];
  store_aligned(lanes, a);
  for (std::ptrdiff_t i = 0; i < n; i++) p[i] = lanes[i];
}

// Bytes 4 f to 4 f + 3 for a lane from f.
KEEL_INLINE Vec permute(Vec a, IVec from) {
  const __m128i bytes = _mm_add_epi32(_mm_mullo_epi32(from.b, _mm_set1_epi32(0x04040404)),
                                      _mm_set1_epi32(0x03020100));
  return {_mm_castsi128_ps(_mm_shuffle_epi8(_mm_castps_si128(a.b), bytes))};
}

constexpr bool kHasFma = false;
KEEL_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
KEEL_INLINE Vec fnma(Vec a, Vec b, Vec c) { return c - a * b; }

KEEL_INLINE Mask operator!=(Vec a, Vec b) { return {_mm_cmpneq_ps(a.b, b.b)}; }
KEEL_INLINE Mask to_mask(__m128i m) { return {_mm_castsi128_ps(m)}; }
KEEL_INLINE Mask operator==(IVec a, IVec b) { return to_mask(_mm_cmpeq_epi32(a.b, b.b)); }
KEEL_INLINE Mask operator>(IVec a, IVec b) { return to_mask(_mm_cmpgt_epi32(a.b, b.b)); }
KEEL_INLINE bool any(Mask a) { return _mm_movemask_ps(a.b) != 0; }

KEEL_INLINE Vec round(Vec a) {
  return {_mm_round_ps(a.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
KEEL_INLINE Vec floor(Vec a) { return {_mm_floor_ps(a.b)}; }
KEEL_INLINE Vec ceil(Vec a) { return {_mm_ceil_ps(a.b)}; }
KEEL_INLINE Vec trunc(Vec a) { return {_mm_round_ps(a.b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
KEEL_INLINE IVec round_to_int(Vec a) { return {_mm_cvtps_epi32(a.b)}; }
KEEL_INLINE Vec scale2(Vec a, Vec n) { return scale2_in_halves(a, round_to_int(n)); }

KEEL_INLINE float horizontal_add(Vec a) { return horizontal_add(static_cast<__m128>(a.b)); }
KEEL_INLINE float horizontal_max(Vec a) { return horizontal_max(static_cast<__m128>(a.b)); }

KEEL_INLINE void transpose(Vec (&rows)[kWidth]) {
  __m128 r[4] = {rows[0].b, rows[1].b, rows[2].b, rows[3].b};
  _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
  KEEL_UNROLL for (int i = 0; i < 4; i++) rows[i] = {r[i]};
}

#endif
#endif

}  // namespace keel::simd::KEEL_TARGET
