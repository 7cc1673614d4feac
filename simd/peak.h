// The fastest that an instruction set multiplies and adds, and moves memory: the yardsticks for
// "% of peak".
#pragma once

#include <cstdint>

namespace keel::simd {

struct PeakKernels {
  // Independent multiply-adds on registers, `rounds` times; no memory.
  void (*multiply_add)(std::int64_t rounds);
  double flops_per_round;
  // The sum of n floats.
  float (*read)(const float* x, std::int64_t n);
  // y[i] = x[i]
  void (*copy)(float* y, const float* x, std::int64_t n);
  // y[i] = a[i] + s * b[i]
  void (*triad)(float* y, const float* a, const float* b, float s, std::int64_t n);
};

}  // namespace keel::simd
