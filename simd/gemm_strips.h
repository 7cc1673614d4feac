// How the operands of a tile of a matrix product lie: kRows rows of A in strips of kDepth, B in
// panels of kPanel columns.
#pragma once

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kPanel = 2 * kWidth;
// Accumulators plus two vectors of B plus a broadcast: 31 of the 32 registers of AVX-512, 15 of 16.
constexpr int kRows = kWidth == 16 ? 14 : 6;
constexpr std::int64_t kDepth = 384;
// Floats between rows of a packed strip. Not a power of two, or the rows would share cache sets.
constexpr std::int64_t kStrip = kDepth + 16;
constexpr std::int64_t kStripFloats = kRows * kStrip;
// Floats from what is packed to what is then fetched into L2. Where rows hold the heads of
// attention side by side that is the next head, which the processor does not foresee.
constexpr std::int64_t kNextHead = 64;

KEEL_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

}  // namespace keel::simd::KEEL_TARGET
