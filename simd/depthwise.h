// Depthwise convolution: every channel has its own kernel. One call computes some pixels of one row
// of one channel block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/activation.h"
#include "simd/conv_tile.h"

namespace keel::simd {

constexpr int kMaxDepthwisePixels = 14;

// A run of pixels under a square kernel with dilation 1 along the row.
struct DepthwiseRowArgs {
  const float* x;        // what the first pixel reads in column 0 of the first kernel row
  std::ptrdiff_t x_row;  // floats between kernel rows
  std::int64_t rows;     // of the kernel that lie in the input
  std::int64_t left;     // input columns of the run that lie outside, at either end
  std::int64_t right;
  const float* w;         // [rows][kernel width][16]
  const float* bias;      // [16] or null
  const float* residual;  // [pixels][16] or null
  float* y;               // [pixels][16]
  Activation activation;
};
using DepthwiseRow = void (*)(const DepthwiseRowArgs&);

// A run of pixels under any kernel; every tap lies in the input for all of them.
struct DepthwiseTapsArgs {
  const float* x;  // where the first pixel reads with tap offset 0
  std::ptrdiff_t x_pixel;
  const ConvTap* taps;
  const ConvTap* taps_end;
  const float* w;         // [tap][16]
  const float* bias;      // [16] or null
  const float* residual;  // laid out as y, or null
  float* y;
  std::ptrdiff_t y_pixel;
  Activation activation;
};
using DepthwiseTaps = void (*)(const DepthwiseTapsArgs&);

struct DepthwiseKernels {
  int max_pixels;  // of a row run
  // [kernel width / 2][stride - 1][pixels]; null where a width is not offered.
  DepthwiseRow row[4][2][kMaxDepthwisePixels + 1];
  int taps_pixels;  // of `taps`
  DepthwiseTaps taps;
  DepthwiseTaps taps_one;  // a single pixel
};

}  // namespace keel::simd
