// The register tile of a network's first convolution: plain NCHW input of few channels, blocked
// output.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/activation.h"

namespace keel::simd {

// One row of the kernel in one input channel.
struct StemRow {
  std::ptrdiff_t x;  // floats from the tile's x to what the row's column 0 reads for pixel 0
  std::ptrdiff_t w;  // number of the row among all channels and kernel rows
};

struct StemTileArgs {
  const float* x;
  const StemRow* rows;  // those that lie in the input
  const StemRow* rows_end;
  std::int64_t columns;   // of the kernel
  std::ptrdiff_t column;  // floats between its columns in x
  const float* w;         // [row][column][16 * panel blocks]
  const float* bias;      // [16 * panel blocks] or null
  const float* residual;  // laid out as y, or null
  float* y;               // [panel blocks][pixels][16]
  std::ptrdiff_t y_block;
  Activation activation;
};
using StemTile = void (*)(const StemTileArgs&);

constexpr int kStemWidths = 4;

struct ConvStemKernels {
  // Pixels of the tiles offered, longest first, down to 1. All others are covered by overlapping.
  int pixels[kStemWidths];
  int panel_blocks;
  // [floats between the pixels in x - 1][panel blocks - 1][as `pixels`]
  StemTile tile[2][2][kStemWidths];
};

}  // namespace keel::simd
