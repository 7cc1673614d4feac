// Batch normalization that stays: y = act(s[c] * x + t[c] + residual), one pass.
#pragma once

#include <cstdint>

#include "simd/activation.h"

namespace keel::simd {

struct BatchnormKernels {
  // One channel block of NCHW16c: x, residual (may be null) and y are [n][16], s and t [16]. y may
  // be x.
  void (*blocked)(const float* x, const float* s, const float* t, const float* residual, float* y,
                  std::int64_t n, Activation activation);
};

}  // namespace keel::simd
