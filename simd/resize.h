// Resize, as weighted sums of rows and of columns. Weights and positions come from tables that the
// caller makes once: see runtime/resize_axes.h.
#pragma once

#include <cstdint>

namespace keel::simd {

// Output column j is the sum over t < taps of weight[t * out + j] times input column
// index[t * out + j], or (weight null, taps 1) that column itself.
struct ResizeColumns {
  std::int64_t in = 0, out = 0, taps = 1;
  const std::int32_t* index = nullptr;  // in [0, in)
  const float* weight = nullptr;
  bool ascending = false;  // index[t * out + j] never falls as j grows
};

struct ResizeKernels {
  // y[i] = sum over t < taps of weight[t] * rows[t][i], i < n
  void (*combine)(const float* const* rows, const float* weight, std::int64_t taps, float* y,
                  std::int64_t n);
  // One row: x [in][inner] -> y [out][inner].
  void (*columns)(const ResizeColumns& columns, const float* x, std::int64_t inner, float* y);
};

}  // namespace keel::simd
