// Sums and extremes of floats. Long sums are cut into blocks whose sums are added in a wider type
// or one level up, so that errors do not grow with their length. The order of additions depends on
// the sizes alone.
#pragma once

#include <cstdint>

namespace keel::simd {

enum class ReduceKind {
  Sum,
  Absolute,  // of |x|
  Square,    // of x^2
  Max,       // NaN where there is one, as for Min; infinities for no elements
  Min,
};

struct ReduceKernels {
  // Over x[i], i < n.
  double (*run)(ReduceKind kind, const float* x, std::int64_t n);
  // y[i] over x[r * pitch + i], r < rows, for i < n.
  void (*columns)(ReduceKind kind, const float* x, std::int64_t rows, std::int64_t pitch,
                  std::int64_t n, float* y);
};

}  // namespace keel::simd
