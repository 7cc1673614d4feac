// What attention_rows.h multiplies, in floats.
#pragma once

#include "simd/attention_rows.h"
#include "simd/gemm_tile.h"

namespace keel::simd::KEEL_TARGET {

KEEL_NOINLINE static void multiply_strips(const float* strips, int rows, const float* b,
                                          std::int64_t depth, std::int64_t columns,
                                          std::int64_t wanted, float* c, std::int64_t c_row) {
  Tile t;
  t.b_depth = kPanel, t.b_panel = depth * kPanel;
  t.c = c, t.c_row = c_row;
  std::int64_t k = 0;
  do {
    t.a = strips + k / kDepth * kStripFloats;
    t.b = b + k * kPanel;
    t.depth = smaller(depth - k, kDepth);
    t.add = k > 0;
    columns > kPanel ? run_tile(t, rows, true) : run_edge_tile(t, rows, wanted);
    k += kDepth;
  } while (k < depth);
}

struct FloatProducts {
  static KEEL_INLINE_METHOD std::int64_t columns(int rows, std::int64_t left) {
    const std::int64_t columns = panels_at_once(rows) * kPanel;
    return left >= columns ? columns : kPanel;
  }
  static KEEL_INLINE_METHOD const float* panel(const void* b, std::int64_t depth,
                                               std::int64_t first) {
    return static_cast<const float*>(b) + first * depth;
  }
  static KEEL_INLINE_METHOD void take(float*, int, std::int64_t) {}
  static KEEL_INLINE_METHOD float take_weights(float*, std::int64_t, float sum) { return sum; }
  static KEEL_INLINE_METHOD void multiply(const float* strips, int rows, const float* b,
                                          std::int64_t depth, std::int64_t columns,
                                          std::int64_t wanted, float* c, std::int64_t c_row) {
    multiply_strips(strips, rows, b, depth, columns, wanted, c, c_row);
  }
};

}  // namespace keel::simd::KEEL_TARGET
