// Loops over the formulas of half.h, which the compiler vectorises.
#include "simd/half.h"

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

void widen_half(const std::uint16_t* x, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i++) y[i] = half_to_float(x[i]);
}

void narrow_half(const float* x, std::uint16_t* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i++) y[i] = float_to_half(x[i]);
}

void widen_bfloat16(const std::uint16_t* x, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i++) y[i] = bfloat16_to_float(x[i]);
}

void narrow_bfloat16(const float* x, std::uint16_t* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i++) y[i] = float_to_bfloat16(x[i]);
}

}  // namespace

extern const HalfKernels half_kernels;
const HalfKernels half_kernels = {widen_half, narrow_half, widen_bfloat16, narrow_bfloat16};

}  // namespace keel::simd::KEEL_TARGET
