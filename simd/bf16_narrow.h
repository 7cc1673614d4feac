// Two blocks of 16 floats to bfloat16 by the processor: rounded to nearest even, denormals flushed.
#pragma once

#include <immintrin.h>

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

KEEL_INLINE void narrow(std::uint16_t* to, Block a, Block b) {
  _mm512_store_si512(to, (__m512i)_mm512_cvtne2ps_pbh(b.v[0].b, a.v[0].b));
}

}  // namespace keel::simd::KEEL_TARGET
