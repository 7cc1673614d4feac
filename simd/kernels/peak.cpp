// Multiply-adds on registers: chains that do not wait for one another.
#include "simd/peak.h"

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

// Covers a latency of 4 to 5 cycles on two ports.
constexpr int kChains = 10;

void multiply_add(std::int64_t rounds) {
  Vec sum[kChains];
  const Vec factor = set1(0.999f), offset = set1(0.001f);
  KEEL_UNROLL for (int i = 0; i < kChains; i++) sum[i] = set1(static_cast<float>(i));
  for (std::int64_t round = 0; round < rounds; round++) {
    KEEL_UNROLL for (int i = 0; i < kChains; i++) sum[i] = fma(sum[i], factor, offset);
  }
  // The compiler must believe that the sums are used.
  float kept[kChains * kWidth];
  KEEL_UNROLL for (int i = 0; i < kChains; i++) store(kept + i * kWidth, sum[i]);
  asm volatile("" : : "r"(kept) : "memory");
}

}  // namespace

extern const PeakKernels peak_kernels;
const PeakKernels peak_kernels = {multiply_add, 2.0 * kChains * kWidth};

}  // namespace keel::simd::KEEL_TARGET
