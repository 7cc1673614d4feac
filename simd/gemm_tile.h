// Register tiles of a matrix product: kRows x 2 vectors, A broadcast from a packed strip, B
// streaming from its panel.
#pragma once

#include "simd/gemm_strips.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

struct Tile {
  const float* a;  // strip: row r at a + r * kStrip
  const float* b;  // panel p, depth k: b + p * b_panel + k * b_depth
  std::int64_t b_depth, b_panel;
  std::int64_t depth;
  float* c;
  std::int64_t c_row;
  bool add;  // to what C holds
};

// C tile of R rows x V vectors.
template <int R, int V>
KEEL_NOINLINE static void tile(const Tile& t) {
  Vec acc[R][V];
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int j = 0; j < V; j++) acc[r][j] = zero();
  }
  const float* a = t.a;
  const float* b = t.b;
  const std::int64_t b_panel = t.b_panel;
  for (std::int64_t k = 0; k < t.depth; k++) {
    Vec bs[V];
    KEEL_UNROLL for (int j = 0; j < V; j++) bs[j] = load(b + j / 2 * b_panel + j % 2 * kWidth);
    KEEL_PREFETCH_L1(b + 1024);
    KEEL_UNROLL for (int r = 0; r < R; r++) {
      const Vec ar = broadcast(a + r * kStrip);
      KEEL_UNROLL for (int j = 0; j < V; j++) acc[r][j] = fma(ar, bs[j], acc[r][j]);
    }
    a++;
    b += t.b_depth;
  }
  if (t.add) {
    KEEL_UNROLL for (int r = 0; r < R; r++) {
      KEEL_UNROLL for (int j = 0; j < V; j++) { acc[r][j] += load(t.c + r * t.c_row + j * kWidth); }
    }
  }
  KEEL_UNROLL for (int r = 0; r < R; r++) {
    KEEL_UNROLL for (int j = 0; j < V; j++) store(t.c + r * t.c_row + j * kWidth, acc[r][j]);
  }
}

// Panels that tiles of so many rows take at once.
KEEL_INLINE constexpr int panels_at_once(int rows) {
  return kWidth == 16 ? (rows <= 3 ? 4 : rows <= 6 ? 2 : 1) : (rows == 1 ? 4 : rows <= 3 ? 2 : 1);
}

template <int R>
KEEL_INLINE void tile_of_rows(const Tile& t, bool several) {
  several ? tile<R, 2 * panels_at_once(R)>(t) : tile<R, 2>(t);
}
KEEL_NOINLINE static void run_tile(const Tile& t, int rows, bool several) {
  switch (rows) {
#define KEEL_CASE(R) \
  case R:            \
    return tile_of_rows<R>(t, several);
    KEEL_CASE(1)
    KEEL_CASE(2)
    KEEL_CASE(3)
    KEEL_CASE(4)
    KEEL_CASE(5)
    KEEL_CASE(6)
#undef KEEL_CASE
  }
  if constexpr (kRows > 6) {
    switch (rows) {
#define KEEL_CASE(R) \
  case R:            \
    return tile<R, 2>(t);
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
}

// A panel of which `columns` are wanted, where C has room for all of it in kRows rows.
KEEL_INLINE void run_edge_tile(const Tile& t, int rows, std::int64_t columns) {
  rows > kRows / 2 && columns <= kWidth ? tile<kRows, 1>(t) : run_tile(t, rows, false);
}

}  // namespace keel::simd::KEEL_TARGET
