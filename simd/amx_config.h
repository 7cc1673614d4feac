// How tiles are configured: the operand of LDTILECFG.
#pragma once

#include <cstdint>

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

struct alignas(64) TileConfig {
  std::uint8_t palette;
  std::uint8_t start_row;
  std::uint8_t reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(TileConfig) == 64, "the operand of LDTILECFG");

// All eight tiles of palette 1 in full: 16 rows of 64 bytes.
KEEL_INLINE TileConfig full_tiles() {
  TileConfig config = {};
  config.palette = 1;
  for (int tile = 0; tile < 8; tile++) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = 16;
  }
  return config;
}

}  // namespace keel::simd::KEEL_TARGET
