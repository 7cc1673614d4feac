// Batch normalization that stays: y = act((x - mean[c]) * s[c] + b[c] + residual), one
// pass. The mean is subtracted first: x * s - mean * s loses digits where the mean is large.
#pragma once

#include <cstdint>

#include "simd/activation.h"

namespace keel::simd {

struct BatchnormKernels {
  // One channel block of NCHW16c: x, residual (may be null) and y are [n][16], mean, s and b
  // [16]. y may be x.
  void (*blocked)(const float* x, const float* mean, const float* s, const float* b,
                  const float* residual, float* y, std::int64_t n, Activation activation);
};

}  // namespace keel::simd
