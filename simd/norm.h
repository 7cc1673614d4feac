// Mean and variance of a row, and the affine map that normalises it.
#pragma once

#include <cstdint>

namespace keel::simd {

// The mean is centre + rest: x - centre is exact or nearly so where x is near the mean, so that no
// digits are lost however far the mean lies from 0.
struct Moments {
  float centre;
  double rest;
  double variance;
};

struct NormKernels {
  // Of x[i], i < n, n >= 1.
  Moments (*moments)(const float* x, std::int64_t n);
  // y[i] = ((x[i] - centre) * factor + offset) * scale[i] + bias[i]; scale, bias null: 1, 0. y may
  // be x.
  void (*apply)(const float* x, float centre, float factor, float offset, const float* scale,
                const float* bias, float* y, std::int64_t n);
};

}  // namespace keel::simd
