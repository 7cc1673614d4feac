// The register tile of dense convolutions: a run of output pixels x a panel of output channels,
// reduced over input channels and kernel taps.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/activation.h"

namespace keel::simd {

constexpr int kMaxTilePixels = 14;
constexpr int kMaxPanelBlocks = 2;

// What a tap reads for the pixels of one tile.
enum class TapEdge : std::int32_t {
  None,    // every pixel lies in the input
  First,   // all but the first pixel
  Last,    // all but the last pixel
  Copied,  // left and right pixels lie outside, or the pixels are not 16 * stride floats apart
};

struct ConvTap {
  std::ptrdiff_t x;   // floats from the tile's x to what the tap reads for pixel 0
  std::ptrdiff_t w;   // number of the tap among all of the kernel
  std::int32_t left;  // pixels outside the input, at either end
  std::int32_t right;
  TapEdge edge;
};

struct ConvTileArgs {
  const float* x;           // where pixel 0 reads with tap offset 0, lane 0 of the first block
  std::ptrdiff_t x_pixel;   // floats between the pixels of a Copied tap
  std::ptrdiff_t x_block;   // floats between channel blocks of x
  std::int64_t first_lane;  // of the first block
  std::int64_t channels;    // the exact length of the reduction
  const float* w;           // [block][kernel tap][channel of the block][16 * panel blocks]
  // Where not null, of one tap, stride 1: the weights are w - less, and kept for later, as w is.
  const float* less;
  float* kept;
  std::int64_t kernel_taps;  // all, also those that this tile leaves out
  const ConvTap* taps;
  const ConvTap* taps_end;
  const float* bias;      // [16 * panel blocks] or null
  const float* residual;  // laid out as y, or null
  // Sums that the tile goes on with, [panel block][pixel][16] without gaps, or null.
  const float* partial[2];
  float* y;
  std::ptrdiff_t y_pixel;
  std::ptrdiff_t y_block;  // floats between the channel blocks of the panel
  Activation activation;
  bool far_outputs;           // y and residual are not in L2: prefetch them
  const float* ahead;         // prefetched into L2, a line for every step of the reduction; any
  std::ptrdiff_t ahead_step;  // address will do, step 0 where there is nothing to prefetch
};
using ConvTile = void (*)(const ConvTileArgs&);

struct ConvTileKernels {
  int max_pixels;    // of a tile
  int panel_blocks;  // channel blocks of a full panel
  // [stride - 1][panel blocks - 1][pixels]; null where a tile is not offered. Beyond stride 2 all
  // taps are Copied and the kernel is that of stride 1.
  ConvTile tile[2][kMaxPanelBlocks][kMaxTilePixels + 1];
  // As tile[0], for a last block of which at most 8 channels exist; null where that is no faster.
  ConvTile half[kMaxPanelBlocks][kMaxTilePixels + 1];
  // y[p] = act(y[p] + bias + residual[p]) for `pixels` pixels of one channel block, 16 floats each,
  // `pixel` floats apart in y and residual. bias and residual may be null.
  void (*finish)(float* y, const float* bias, const float* residual, std::int64_t pixels,
                 std::ptrdiff_t pixel, const Activation& activation);
};

}  // namespace keel::simd
