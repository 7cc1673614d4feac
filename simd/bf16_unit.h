// The unit for products of bfloat16 that an instruction set has: kUnit, its constants,
// begin_tiles(), end_tiles(), products() and narrow(). The one place that asks which it is.
//
//   products(a, sums): sums[output block][pixel][16] = sum over channels and taps, rows of kPixels;
//                      or, returning true, y is done already
//   narrow(to, a, b):  to[32] = a[16], b[16] rounded to bfloat16, denormals flushed
#pragma once

#include "simd/bf16.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

// Prefetches `step` elements into L2; returns their end.
KEEL_INLINE const std::uint16_t* fetch_ahead(const std::uint16_t* ahead, std::ptrdiff_t step) {
  const std::uint16_t* end = ahead + step;
  for (; ahead < end; ahead += kBf16Channels) KEEL_PREFETCH_L2(ahead);
  return end;
}

}  // namespace keel::simd::KEEL_TARGET

#if defined(KEEL_AMX_EMULATION)  // a header with tiles in plain C++, for tests
#include KEEL_AMX_EMULATION
#include "simd/bf16_amx.h"
#elif defined(__AMX_BF16__) || defined(__AMXBF16__)  // the latter: Clang up to 15
#include "simd/amx_tiles.h"
#include "simd/bf16_amx.h"
#elif defined(__AVX512BF16__)
#include "simd/bf16_dot.h"
#else
#define KEEL_NO_BF16_UNIT
#endif
