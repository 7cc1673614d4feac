// The input of a convolution, rounded to bfloat16 in the order of bf16_geometry.h.
#pragma once

#include "simd/bf16_geometry.h"

namespace keel::simd {

// One channel block of a rectangle, all of which begins at `staged`.
void stage_bf16(const Bf16Geometry& geometry, const Bf16Kernels& kernels,
                const Bf16Geometry::Rectangle& rectangle, std::int64_t block, const ConvArgs& args,
                std::uint16_t* staged);

}  // namespace keel::simd
