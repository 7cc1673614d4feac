// Multiply-adds on registers: chains that do not wait for one another. Streams over memory: one
// read and summed, one copied, two combined (McCalpin's STREAM).
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

float read(const float* x, std::int64_t n) {
  Vec sum[kChains];
  KEEL_UNROLL for (int i = 0; i < kChains; i++) sum[i] = set1(0.0f);
  std::int64_t at = 0;
  for (; at + kChains * kWidth <= n; at += kChains * kWidth) {
    KEEL_UNROLL for (int i = 0; i < kChains; i++) sum[i] += load(x + at + i * kWidth);
  }
  for (; at + kWidth <= n; at += kWidth) sum[0] += load(x + at);
  KEEL_UNROLL for (int i = 1; i < kChains; i++) sum[0] += sum[i];
  if (at < n) sum[0] += load_partial(x + at, n - at);
  return horizontal_add(sum[0]);
}

void copy(float* y, const float* x, std::int64_t n) {
  std::int64_t at = 0;
  for (; at + kWidth <= n; at += kWidth) store(y + at, load(x + at));
  if (at < n) store_partial(y + at, load_partial(x + at, n - at), n - at);
}

void triad(float* y, const float* a, const float* b, float s, std::int64_t n) {
  const Vec factor = set1(s);
  std::int64_t at = 0;
  for (; at + kWidth <= n; at += kWidth) {
    store(y + at, fma(factor, load(b + at), load(a + at)));
  }
  if (at < n) {
    const std::int64_t rest = n - at;
    const Vec sum = fma(factor, load_partial(b + at, rest), load_partial(a + at, rest));
    store_partial(y + at, sum, rest);
  }
}

}  // namespace

constexpr double kFlopsPerRound = 2.0 * kChains * kWidth;

extern const PeakKernels peak_kernels;
const PeakKernels peak_kernels = {multiply_add, kFlopsPerRound, read, copy, triad};

}  // namespace keel::simd::KEEL_TARGET
