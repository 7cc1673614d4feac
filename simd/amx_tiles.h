// The processor's tiles: what bf16_amx.h is written against. A thread may use them between
// begin_tiles() and end_tiles(), in a process that has the kernel's leave (dispatch.cpp asks).
//
// Tiles and their configuration belong to the thread and are saved with its other registers.
// Compilers neither allocate tiles nor keep them for anybody, so all that lies between is ours;
// what they must be told is memory: they take the instructions of tiles for ones that do not look
// at it.
#pragma once

#include <immintrin.h>

#include "simd/amx_config.h"
#include "simd/bf16.h"
#include "simd/bf16_narrow.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr const char* kUnit = "tdpbf16ps";

// The intrinsic of GCC 12 names eight of the 64 bytes as read; this names them all.
KEEL_INLINE void begin_tiles() {
  const TileConfig config = full_tiles();
  asm volatile("ldtilecfg %0" : : "m"(config));
}
KEEL_INLINE void end_tiles() { _tile_release(); }

// Memory written before the first tile is loaded has been written; what tiles store is read after
// the last. The intrinsics want the numbers of tiles as literals.
struct Tiles {
  KEEL_INLINE_METHOD Tiles() { asm volatile("" ::: "memory"); }
  KEEL_INLINE_METHOD ~Tiles() { asm volatile("" ::: "memory"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int kTile>
  KEEL_INLINE_METHOD void zero() {
    if constexpr (kTile == 0) _tile_zero(0);
    if constexpr (kTile == 1) _tile_zero(1);
    if constexpr (kTile == 2) _tile_zero(2);
    if constexpr (kTile == 3) _tile_zero(3);
  }

  // 16 rows, `pitch` bytes apart.
  template <int kTile>
  KEEL_INLINE_METHOD void load(const void* from, std::ptrdiff_t pitch) {
    if constexpr (kTile == 4) _tile_loadd(4, from, pitch);
    if constexpr (kTile == 5) _tile_loadd(5, from, pitch);
    if constexpr (kTile == 6) _tile_loadd(6, from, pitch);
    if constexpr (kTile == 7) _tile_loadd(7, from, pitch);
  }

  // C[tile] += A[4 + tile / 2] B[6 + tile % 2]
  template <int kTile>
  KEEL_INLINE_METHOD void multiply() {
    if constexpr (kTile == 0) _tile_dpbf16ps(0, 4, 6);
    if constexpr (kTile == 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTile == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kTile == 3) _tile_dpbf16ps(3, 5, 7);
  }

  template <int kTile>
  KEEL_INLINE_METHOD void store(float* to, std::ptrdiff_t pitch) {
    if constexpr (kTile == 0) _tile_stored(0, to, pitch);
    if constexpr (kTile == 1) _tile_stored(1, to, pitch);
    if constexpr (kTile == 2) _tile_stored(2, to, pitch);
    if constexpr (kTile == 3) _tile_stored(3, to, pitch);
  }
};

}  // namespace keel::simd::KEEL_TARGET
