// What the tests of products of bfloat16 run on: the units of this CPU, and AMX emulated.
#pragma once

#include <vector>

#include "simd/conv_algorithm.h"
#include "tests/support/conv_reference.h"

namespace keel::simd::test {

constexpr double kThreeTerms = 2e-5;  // the promise of fp32

// Tables that differ in the unit alone.
const std::vector<const KernelTable*>& bf16_units();

ConvShape conv(std::int64_t c, std::int64_t k, std::vector<std::int64_t> in,
               std::vector<std::int64_t> kernel, std::int64_t stride = 1, std::int64_t dilation = 1,
               std::int64_t pad = 0, std::int64_t n = 1, std::int64_t group = 1);

}  // namespace keel::simd::test
