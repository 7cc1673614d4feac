// Softmax and its logarithm: y = exp(x - m) / s and y = x - m - log(s), m the largest of the x and
// s the sum of exp(x - m). A NaN among the x makes all of them NaN.
#pragma once

#include <cstdint>

namespace keel::simd {

struct SoftmaxKernels {
  // Over x[i], i < n, n >= 1. y may be x, as below.
  void (*row)(const float* x, float* y, std::int64_t n, bool log);
  // Over x[r * pitch + i], r < rows, rows >= 1, for each i < n.
  void (*columns)(const float* x, float* y, std::int64_t rows, std::int64_t pitch, std::int64_t n,
                  bool log);
};

}  // namespace keel::simd
