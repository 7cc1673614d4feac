// The phases of a plain input of stride 2: what lies at even and at odd rows and columns are four
// channels of half the size, on which a kernel of n x n at stride 2 is one of ceil(n / 2) at stride
// 1, with zeros where n is odd. Channel 4 c + 2 (row % 2) + column % 2 belongs to channel c.
#pragma once

#include <cstdint>

#include "simd/conv_algorithm.h"

namespace keel::simd {

constexpr std::int64_t kPhases = 4;

// [rows][columns][16] from position (row, column) of one image x [c][in] on, which may lie outside;
// zeros there. Lanes without a channel are left as they are. c is at most 4.
void gather_phases(const ConvShape& shape, const float* x, std::int64_t row, std::int64_t column,
                   std::int64_t rows, std::int64_t columns, float* to);

// The weights of 16 features from k on: [channel][tap][16], zeros behind the last feature.
void gather_phase_weights(const ConvShape& shape, const float* W, std::int64_t k, float* to);

}  // namespace keel::simd
