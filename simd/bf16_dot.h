// Products of bfloat16 by VDPBF16PS: 14 pixels x 2 vectors of outputs stay in registers, as in
// kernels/conv_tile.cpp; a step broadcasts one pair of channels per pixel against the pairs of 16
// outputs.
#pragma once

#include <immintrin.h>

#include "simd/bf16.h"
#include "simd/bf16_narrow.h"
#include "simd/epilogue.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr const char* kUnit = "vdpbf16ps";
constexpr int kPixels = 14, kGranule = 1, kChannelGranule = 2;
// Measured on Zen 4, where an instruction of 32 products takes as long as one of 16 floats. In
// three terms it never pays.
constexpr Bf16Cost kOneTerm = {0.52, 14, 0}, kThreeTerms = {1.56, 40, 2};

KEEL_INLINE void begin_tiles() {}
KEEL_INLINE void end_tiles() {}

namespace {

// acc += x * w over `pairs` pairs of channels.
template <int Pixels, int Blocks>
KEEL_INLINE void add_products(const std::uint16_t* x, const std::uint16_t* w, std::int64_t pairs,
                              __m512 (&acc)[Pixels][Blocks]) {
  for (std::int64_t p = 0; p < pairs; p++, x += 2, w += kBlock * 2) {
    __m512i weights[Blocks];
    KEEL_UNROLL for (int n = 0; n < Blocks; n++) {
      weights[n] = _mm512_load_si512(w + n * kBf16OutputBlock);
    }
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
      std::int32_t pair;
      __builtin_memcpy(&pair, x + q * kBf16Channels, sizeof(pair));
      const __m512i value = _mm512_set1_epi32(pair);
      KEEL_UNROLL for (int n = 0; n < Blocks; n++) {
        acc[q][n] = _mm512_dpbf16_ps(acc[q][n], (__m512bh)value, (__m512bh)weights[n]);
      }
    }
  }
}

// y = act(acc + bias + residual), pixels next to each other.
template <int Pixels, int Blocks>
KEEL_INLINE void leave_registers(const Bf16TileArgs& a, const __m512 (&acc)[Pixels][Blocks]) {
  Vec out[Pixels][Blocks];
  KEEL_UNROLL for (int n = 0; n < Blocks; n++) {
    const Vec bias = a.bias != nullptr ? load(a.bias + n * kBlock) : zero();
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) out[q][n] = Vec{acc[q][n]} + bias;
  }
  if (a.residual != nullptr) {
    const float* residual = a.residual + a.runs->y;
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
      KEEL_UNROLL for (int n = 0; n < Blocks; n++) {
        out[q][n] += load(residual + n * a.y_block + q * a.y_pixel);
      }
    }
  }
  apply(a.activation, out);
  float* y = a.y + a.runs->y;
  KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
    KEEL_UNROLL for (int n = 0; n < Blocks; n++)
        store(y + n * a.y_block + q * a.y_pixel, out[q][n]);
  }
}

// Tiles of fewer pixels always go through memory: a store of 512 bits takes as long as two
// products, but each tile that also leaves by itself is code.
constexpr int kLeavingPixels = 8;

// sums null: the tile leaves by itself.
template <int Pixels, int Blocks>
KEEL_NOINLINE void dot_products(const Bf16TileArgs& a, float* sums) {
  __m512 acc[Pixels][Blocks];
  KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
    KEEL_UNROLL for (int n = 0; n < Blocks; n++) acc[q][n] = _mm512_setzero_ps();
  }
  constexpr int kPart = Blocks * kBf16OutputBlock;
  const int terms = a.three_terms ? 3 : 1;
  const std::uint16_t* ahead = a.ahead;
  const std::uint16_t* w = a.w;
  const std::uint16_t* x = a.x;
  for (std::int64_t block = 1; block <= a.blocks; block++, x += a.x_block) {
    const std::int64_t pairs = block < a.blocks ? kBf16Channels / 2 : a.last_pairs;
    for (const std::ptrdiff_t* tap = a.taps; tap != a.taps_end; tap++) {
      ahead = fetch_ahead(ahead, a.ahead_step);
      for (int term = 0; term < terms; term++) {  // xh wh, xh wl, xl wh
        add_products(x + *tap + (term == 2 ? a.x_part : 0), w + (term == 1 ? kPart : 0), pairs,
                     acc);
      }
      w += terms == 3 ? 2 * kPart : kPart;
    }
  }
  if constexpr (Pixels >= kLeavingPixels) {
    if (sums == nullptr) return leave_registers(a, acc);
  }
  KEEL_UNROLL for (int n = 0; n < Blocks; n++) {
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
      _mm512_store_ps(sums + (n * kPixels + q) * kBlock, acc[q][n]);
    }
  }
}

using DotProducts = void (*)(const Bf16TileArgs&, float*);
#define KEEL_DOT_PRODUCTS(Blocks)                                                       \
  {                                                                                     \
    nullptr, dot_products<1, Blocks>, dot_products<2, Blocks>, dot_products<3, Blocks>, \
        dot_products<4, Blocks>, dot_products<5, Blocks>, dot_products<6, Blocks>,      \
        dot_products<7, Blocks>, dot_products<8, Blocks>, dot_products<9, Blocks>,      \
        dot_products<10, Blocks>, dot_products<11, Blocks>, dot_products<12, Blocks>,   \
        dot_products<13, Blocks>, dot_products<14, Blocks>                              \
  }
constexpr DotProducts kDotProducts[kBf16Panel][kPixels + 1] = {KEEL_DOT_PRODUCTS(1),
                                                               KEEL_DOT_PRODUCTS(2)};
#undef KEEL_DOT_PRODUCTS

}  // namespace

KEEL_INLINE bool products(const Bf16TileArgs& a, float* sums) {
  const bool one_run = a.runs + 1 == a.runs_end && a.runs->count == a.pixels;
  const bool leaves =
      one_run && a.pixels >= kLeavingPixels && a.last_lanes == kBlock && !a.three_terms;
  kDotProducts[a.output_blocks - 1][a.pixels](a, leaves ? nullptr : sums);
  return leaves;
}

}  // namespace keel::simd::KEEL_TARGET
