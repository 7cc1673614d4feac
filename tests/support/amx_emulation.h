// Tiles in plain C++, by Intel's description of TDPBF16PS (Software Developer's Manual, volume 2):
// so that everything of the AMX path but the instructions themselves runs, in tests, anywhere.
#pragma once

#include <cmath>

#include "simd/amx_config.h"
#include "simd/bf16.h"
#include "simd/half.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr const char* kUnit = "emulated tdpbf16ps";

// The configuration of this thread; palette 0: none, and every use of a tile is a fault.
inline TileConfig& tile_config() {
  static thread_local TileConfig config = {};
  return config;
}
KEEL_INLINE void begin_tiles() { tile_config() = full_tiles(); }
KEEL_INLINE void end_tiles() { tile_config() = {}; }

inline float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

// x * y + sum, rounded once. Products of two bfloat16 are floats, but for the smallest and largest.
inline float fused(float x, float y, float sum) {
  const float product = x * y, size = std::fabs(product);
  return size > 0x1p-100f && size < 0x1p100f ? product + sum : std::fma(x, y, sum);
}

KEEL_INLINE void narrow(std::uint16_t* to, Block a, Block b) {
  float lanes[2 * kBlock];
  store_block(lanes, a);
  store_block(lanes + kBlock, b);
  for (int i = 0; i < 2 * kBlock; i++) to[i] = float_to_bfloat16(flushed(lanes[i]));
}

struct Tiles {
  unsigned char bytes[8][16][64];

  template <int kTile>
  void zero() {
    __builtin_memset(bytes[configured(kTile)], 0, sizeof(bytes[kTile]));
  }
  template <int kTile>
  void load(const void* from, std::ptrdiff_t pitch) {
    const TileConfig& config = tile_config();
    zero<kTile>();
    for (int row = 0; row < config.rows[kTile]; row++) {
      __builtin_memcpy(bytes[kTile][row], static_cast<const char*>(from) + row * pitch,
                       config.row_bytes[kTile]);
    }
  }
  template <int kTile>
  void store(float* to, std::ptrdiff_t pitch) {
    const TileConfig& config = tile_config();
    for (int row = 0; row < config.rows[configured(kTile)]; row++) {
      __builtin_memcpy(reinterpret_cast<char*>(to) + row * pitch, bytes[kTile][row],
                       config.row_bytes[kTile]);
    }
  }
  template <int kTile>
  void multiply() {
    dot_products(configured(kTile), configured(4 + kTile / 2), configured(6 + kTile % 2));
  }

 private:
  static int configured(int tile) {
    const TileConfig& config = tile_config();
    const bool good = config.palette == 1 && config.start_row == 0 && config.rows[tile] >= 1 &&
                      config.rows[tile] <= 16 && config.row_bytes[tile] % 4 == 0 &&
                      config.row_bytes[tile] <= 64;
    if (!good) __builtin_trap();
    return tile;
  }

  // Sums of even and of odd products by fused multiply-adds from 0, then both and C added; operands
  // and results flushed, rounded to nearest.
  void dot_products(int c, int a, int b) {
    const TileConfig& config = tile_config();
    if (config.rows[c] != config.rows[a] || config.row_bytes[c] != config.row_bytes[b] ||
        config.row_bytes[a] / 4 != config.rows[b]) {
      __builtin_trap();
    }
    for (int m = 0; m < config.rows[c]; m++) {
      for (int n = 0; n < config.row_bytes[c] / 4; n++) {
        float sums[2] = {0, 0};
        for (int k = 0; k < config.row_bytes[a] / 4; k++) {
          for (int i = 0; i < 2; i++) {
            const float x = element(bytes[a][m], 2 * k + i), y = element(bytes[b][k], 2 * n + i);
            sums[i] = flushed(fused(x, y, sums[i]));
          }
        }
        float sum;
        __builtin_memcpy(&sum, bytes[c][m] + 4 * n, sizeof(sum));
        sum = flushed(flushed(sum) + flushed(sums[0] + sums[1]));
        __builtin_memcpy(bytes[c][m] + 4 * n, &sum, sizeof(sum));
      }
    }
  }
  static float element(const unsigned char* row, int i) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, row + 2 * i, sizeof(bits));
    return flushed(bfloat16_to_float(bits));
  }
};

}  // namespace keel::simd::KEEL_TARGET
