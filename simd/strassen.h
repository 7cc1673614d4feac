// Operands of one level of Strassen's product for pointwise convolutions: two tiles of pixels are
// copied out of NCHW16c, and combined. conv_strassen.cpp has the formulas.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/prologue.h"

namespace keel::simd {

struct StrassenStageArgs {
  const float* x;               // channel block 0
  std::ptrdiff_t x_block;       // floats between channel blocks
  const std::ptrdiff_t* at[2];  // of either tile: floats from x to each of its pixels
  std::int64_t pixels;          // of a tile
  std::int64_t half, rest;      // channel blocks of either half, and behind both
  Prologue prologue;
  // All blocks of either tile, [2 * half + rest][pixel][16]; null: not wanted.
  float* tile[2];
  // With B[channel half][tile]: B12 - B11, B22 - B12 + B11, B22 - B12 as [half][pixel][16], and
  // B22 - B12 + B11 - B21 followed by the blocks behind the halves of the first tile.
  float* combined[4];
};

struct StrassenKernels {
  void (*stage)(const StrassenStageArgs&);
};

}  // namespace keel::simd
