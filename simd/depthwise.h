// Depthwise convolution: every channel has its own kernel. One call computes rows, or some pixels
// of one row, of one channel block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/activation.h"
#include "simd/conv_tile.h"

namespace keel::simd {

// Output rows [begin, end) of a plane, without dilation along the row.
struct DepthwiseRowsArgs {
  const float* x;  // [height][width][16]
  std::int64_t height, width;
  std::int64_t top, left;                      // padding; left is less than the width of the kernel
  std::int64_t kernel_rows, stride, dilation;  // across rows
  std::int64_t planes;     // inputs whose results add up: 1, or more for narrow groups
  std::ptrdiff_t x_plane;  // floats from one to the next
  const float* w;          // [plane][kernel_rows][kernel width][16]
  const float* bias;       // [16] or null
  const float* residual;   // laid out as y, or null
  float* y;                // [rows][y_width][16]
  std::int64_t y_width;    // at least the pixels of the kernel
  std::int64_t begin, end;
  Activation activation;
};
using DepthwiseRows = void (*)(const DepthwiseRowsArgs&);

// A run of pixels under any kernel.
struct DepthwiseTapsArgs {
  const float* x;  // where the first pixel reads with tap offset 0
  std::ptrdiff_t x_pixel;
  const ConvTap* taps;
  const ConvTap* taps_end;
  std::int64_t planes;
  std::ptrdiff_t x_plane;
  std::int64_t kernel_taps;
  const float* w;         // [plane][kernel tap][16]
  const float* bias;      // [16] or null
  const float* residual;  // laid out as y, or null
  float* y;
  std::ptrdiff_t y_pixel;
  Activation activation;
};
using DepthwiseTaps = void (*)(const DepthwiseTapsArgs&);

// y[p][l] = x[from[l] / 16][p][from[l] % 16], from < 16 * blocks; a lane from -1 becomes 0.
struct LaneMap {
  const float* x;
  std::ptrdiff_t x_block;
  int blocks;
  std::int32_t from[16];
};

constexpr int kDepthwiseRuns = 9;
constexpr int kMaxTapsPixels = 8;

struct DepthwiseKernels {
  // Pixels that the row kernels compute at a time, longest first, down to 1. The last run of a row
  // takes pixels of the one before again where they do not divide it.
  int pixels[kDepthwiseRuns];
  // [kernel width / 2][stride along the row - 1][as `pixels`]; null where a width is not offered.
  DepthwiseRows rows[4][2][kDepthwiseRuns];
  DepthwiseTaps taps[kMaxTapsPixels + 1];  // by pixels, from 1
  // y: [pixels][16]
  void (*permute)(const LaneMap& map, std::int64_t pixels, float* y);
};

}  // namespace keel::simd
