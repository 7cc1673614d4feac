// What attention_rows.h multiplies, in pairs of bfloat16 by VDPBF16PS. A packed B is
// [panel][pair of depth][2 vectors][16 columns][2], what is missing 0; A is rounded where it lies,
// each row of a strip to its first half.
#pragma once

#include <immintrin.h>

#include "simd/attention_rows.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kPairPanel = 2 * kPanel;  // elements of one pair of depth
constexpr int kStripElements = 2 * kStrip;

KEEL_INLINE std::int64_t pairs_of(std::int64_t depth) { return (depth + 1) / 2; }

struct PairTile {
  const std::uint16_t *a, *b;
  std::int64_t pairs;
  float* c;
  std::int64_t c_row;
  bool add;  // to what C holds
};

template <int R, int V>
KEEL_NOINLINE static void pair_tile(const PairTile& t) {
  __m512 acc[R][V];
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int j = 0; j < V; j++) acc[r][j] = _mm512_setzero_ps();
  }
  const std::uint16_t *a = t.a, *b = t.b;
  for (std::int64_t p = 0; p < t.pairs; p++, a += 2, b += kPairPanel) {
    __m512i bs[V];
    KEEL_UNROLL for (int j = 0; j < V; j++) bs[j] = _mm512_load_si512(b + j * kPanel);
    KEEL_PREFETCH_L1(b + 1024);
    KEEL_UNROLL for (int r = 0; r < R; r++) {
      std::int32_t pair;
      __builtin_memcpy(&pair, a + r * kStripElements, sizeof(pair));
      const __m512i value = _mm512_set1_epi32(pair);
      KEEL_UNROLL for (int j = 0; j < V; j++) {
        acc[r][j] = _mm512_dpbf16_ps(acc[r][j], (__m512bh)value, (__m512bh)bs[j]);
      }
    }
  }
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int j = 0; j < V; j++) {
      float* c = t.c + r * t.c_row + j * kWidth;
      store(c, t.add ? Vec{acc[r][j]} + load(c) : Vec{acc[r][j]});
    }
  }
}

KEEL_NOINLINE static void run_pair_tile(const PairTile& t, int rows, std::int64_t wanted) {
  if (rows > kRows / 2 && wanted <= kWidth) return pair_tile<kRows, 1>(t);
  switch (rows) {
#define KEEL_CASE(R) \
  case R:            \
    return pair_tile<R, 2>(t);
    KEEL_CASE(1)
    KEEL_CASE(2)
    KEEL_CASE(3)
    KEEL_CASE(4)
    KEEL_CASE(5)
    KEEL_CASE(6)
    KEEL_CASE(7)
    KEEL_CASE(8)
    KEEL_CASE(9)
    KEEL_CASE(10)
    KEEL_CASE(11)
    KEEL_CASE(12)
    KEEL_CASE(13)
    KEEL_CASE(14)
#undef KEEL_CASE
  }
}

// n floats in place to bfloat16, and 0 up to a whole number of 32. Returns lanes that add up to
// the sum of the rounded ones.
KEEL_INLINE __m512 round_floats(float* x, std::int64_t n, __m512 sum) {
  auto* to = reinterpret_cast<std::uint16_t*>(x);
  const __m512i ones = _mm512_set1_epi16(0x3f80);
  for (std::int64_t i = 0; i < n; i += 32) {
    const auto lanes = [&](std::int64_t left) {
      return static_cast<__mmask16>(left >= 16 ? 0xffff : left > 0 ? (1 << left) - 1 : 0);
    };
    const __m512 low = _mm512_maskz_loadu_ps(lanes(n - i), x + i);
    const __m512 high = _mm512_maskz_loadu_ps(lanes(n - i - 16), x + i + 16);
    const __m512bh both = _mm512_cvtne2ps_pbh(high, low);
    sum = _mm512_dpbf16_ps(sum, both, (__m512bh)ones);
    _mm512_storeu_si512(to + i, (__m512i)both);
  }
  return sum;
}

struct Bf16Products {
  static KEEL_INLINE_METHOD std::int64_t columns(int, std::int64_t) { return kPanel; }
  static KEEL_INLINE_METHOD const std::uint16_t* panel(const void* b, std::int64_t depth,
                                                       std::int64_t first) {
    return static_cast<const std::uint16_t*>(b) + first * 2 * pairs_of(depth);
  }
  static KEEL_INLINE_METHOD void take(float* strips, int rows, std::int64_t n) {
    for (std::int64_t k = 0; k < n; k += kDepth, strips += kStripFloats) {
      for (int r = 0; r < rows; r++) {
        round_floats(strips + r * kStrip, smaller(n - k, kDepth), _mm512_setzero_ps());
      }
    }
  }
  static KEEL_INLINE_METHOD float take_weights(float* strips, std::int64_t n, float) {
    __m512 sum = _mm512_setzero_ps();
    for (std::int64_t k = 0; k < n; k += kDepth, strips += kStripFloats) {
      sum = round_floats(strips, smaller(n - k, kDepth), sum);
    }
    return horizontal_add(Vec{sum});
  }
  static KEEL_INLINE_METHOD void multiply(const float* strips, int rows, const std::uint16_t* b,
                                          std::int64_t depth, std::int64_t, std::int64_t wanted,
                                          float* c, std::int64_t c_row) {
    std::int64_t k = 0;
    do {
      PairTile t;
      t.a = reinterpret_cast<const std::uint16_t*>(strips + k / kDepth * kStripFloats);
      t.b = b + k / 2 * kPairPanel;
      t.pairs = pairs_of(smaller(depth - k, kDepth));
      t.c = c, t.c_row = c_row;
      t.add = k > 0;
      run_pair_tile(t, rows, wanted);
      k += kDepth;
    } while (k < depth);
  }
};

}  // namespace keel::simd::KEEL_TARGET
