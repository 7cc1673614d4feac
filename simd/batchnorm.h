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
  // One channel of NCHW: x, residual (may be null) and y are [n]. y may be x.
  void (*plane)(const float* x, float mean, float s, float b, const float* residual, float* y,
                std::int64_t n, Activation activation);
  // n channels of [N, C]: x, residual (may be null) and y are rows of n, `pitch` apart. mean, s and
  // b are interleaved, [ceil(n/16)][3][16]: one stream beside x and y, where three could all meet
  // in one set of the cache. y may be x. cached: all of them lie in a cache, not in memory.
  void (*channels)(const float* x, const float* affine, const float* residual, float* y,
                   std::int64_t rows, std::int64_t pitch, std::int64_t n, bool cached,
                   Activation activation);
};

}  // namespace keel::simd
