// Pooling over NCHW16c: windows of one channel block's plane.
#pragma once

#include <cstdint>

#include "simd/prologue.h"

namespace keel::simd {

// Sizes by axis, height first; a 1-D window has height 1 everywhere.
struct PoolShape {
  std::int64_t in[2], out[2], kernel[2], stride[2], dilation[2];
  std::int64_t pad_begin[2], pad_end[2];
  bool count_include_pad;  // average only
};

// x [in h][in w][16], y [out h][out w][16]; rows [begin, end) of y are written. A window that holds
// nothing but padding gives the lowest float (max) or 0 (average). NaN stays NaN.
struct PoolKernels {
  void (*max)(const PoolShape& shape, const float* x, float* y, std::int64_t begin,
              std::int64_t end);
  void (*average)(const PoolShape& shape, const float* x, float* y, std::int64_t begin,
                  std::int64_t end);
  // The average of what the prologue, whose affine map is that of the plane, makes of x.
  void (*average_after)(const PoolShape& shape, const Prologue& prologue, const float* x, float* y,
                        std::int64_t begin, std::int64_t end);
};

}  // namespace keel::simd
