// Products of bfloat16 by TDPBF16PS, written against `Tiles`: eight tiles of 16 rows of 64 bytes,
// the processor's (amx_tiles.h) or emulated ones (tests/support/amx_emulation.h).
//
//   C0 C1     A4     x B6 B7         16 pixels a row of C, 16 outputs a column; K = 32 channels
//   C2 C3     A5
//
// Each of C0 to C3 is used every fourth product, in which time the one before has come out. A tile
// always has 16 rows: a product takes as long for fewer, so pixels behind the last are computed too
// and left out when the sums are stored.
#pragma once

#include "simd/bf16.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kPixels = 32, kGranule = 16, kChannelGranule = kBf16Channels;
// From what a prototype measured on Sapphire Rapids: 16 products of floats in half a cycle, 512 of
// a term of bfloat16 in one with operands in L1, three quarters of that with weights from L2.
constexpr Bf16Cost kOneTerm = {0.1, 20, 7}, kThreeTerms = {0.27, 45, 7};
constexpr int kTileRows = 16;
constexpr std::ptrdiff_t kTileRowBytes = 64;

namespace {

// C += A B for Rows x Columns tiles of sums.
template <int Rows, int Columns>
KEEL_INLINE void multiply_tiles(Tiles& tiles) {
  tiles.template multiply<0>();
  if constexpr (Columns == 2) tiles.template multiply<1>();
  if constexpr (Rows == 2) tiles.template multiply<2>();
  if constexpr (Rows == 2 && Columns == 2) tiles.template multiply<3>();
}

template <int Rows>
KEEL_INLINE void load_pixels(Tiles& tiles, const std::uint16_t* x) {
  tiles.template load<4>(x, kTileRowBytes);
  if constexpr (Rows == 2) tiles.template load<5>(x + kTileRows * kBf16Channels, kTileRowBytes);
}
template <int Columns>
KEEL_INLINE void load_weights(Tiles& tiles, const std::uint16_t* w) {
  tiles.template load<6>(w, kTileRowBytes);
  if constexpr (Columns == 2) tiles.template load<7>(w + kBf16OutputBlock, kTileRowBytes);
}

template <int Tile>
KEEL_INLINE void store_sums(Tiles& tiles, float* sums) {
  const int first = Tile / 2 * kTileRows, block = Tile % 2;
  tiles.template store<Tile>(sums + (block * kPixels + first) * kBlock, kTileRowBytes);
}

// Three terms in the order xh wl, xh wh, xl wh: eight loads for twelve products.
template <int Rows, int Columns>
KEEL_NOINLINE void tile_products(const Bf16TileArgs& a, float* sums) {
  Tiles tiles;
  constexpr int kPart = Columns * kBf16OutputBlock;
  tiles.template zero<0>();
  tiles.template zero<1>();
  tiles.template zero<2>();
  tiles.template zero<3>();
  const std::uint16_t* w = a.w;
  const std::uint16_t* block = a.x;
  const std::uint16_t* ahead = a.ahead;
  for (std::int64_t i = 0; i < a.blocks; i++, block += a.x_block) {
    for (const std::ptrdiff_t* tap = a.taps; tap != a.taps_end; tap++) {
      const std::uint16_t* x = block + *tap;
      ahead = fetch_ahead(ahead, a.ahead_step);
      load_pixels<Rows>(tiles, x);
      if (a.three_terms) {
        load_weights<Columns>(tiles, w + kPart);
        multiply_tiles<Rows, Columns>(tiles);
      }
      load_weights<Columns>(tiles, w);
      multiply_tiles<Rows, Columns>(tiles);
      if (a.three_terms) {
        load_pixels<Rows>(tiles, x + a.x_part);
        multiply_tiles<Rows, Columns>(tiles);
        w += kPart;
      }
      w += kPart;
    }
  }
  store_sums<0>(tiles, sums);
  if constexpr (Columns == 2) store_sums<1>(tiles, sums);
  if constexpr (Rows == 2) store_sums<2>(tiles, sums);
  if constexpr (Rows == 2 && Columns == 2) store_sums<3>(tiles, sums);
}

}  // namespace

KEEL_INLINE bool products(const Bf16TileArgs& a, float* sums) {
  if (a.pixels > kTileRows) {
    a.output_blocks == 2 ? tile_products<2, 2>(a, sums) : tile_products<2, 1>(a, sums);
  } else {
    a.output_blocks == 2 ? tile_products<1, 2>(a, sums) : tile_products<1, 1>(a, sums);
  }
  return false;
}

}  // namespace keel::simd::KEEL_TARGET
