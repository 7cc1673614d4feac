// Floating-point formats narrower than float, from bits to double and back by arithmetic alone.
#pragma once

#include <cstdint>

#include "runtime/keel.h"

namespace keel::oracle {

// x rounded to nearest even in the given float type. Beyond the largest finite value: infinity, or
// what the format has instead (NaN); with `saturate`, float8 gives the largest finite value.
double round_to(DataType type, double x, bool saturate = false);

// Float16, BFloat16, float8 and float4 codes. `x` must be a value of the format (see round_to).
std::uint32_t encode(DataType type, double x);
double decode(DataType type, std::uint32_t code);

bool is_narrow(DataType type);

}  // namespace keel::oracle
