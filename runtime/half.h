// Conversions between float and the smaller floating-point types: exact upwards, rounded to
// nearest even downwards, without hardware support and independent of the denormal mode.
#pragma once

#include <cstdint>

#include "runtime/keel.h"
#include "simd/half.h"

namespace keel {

using simd::bfloat16_to_float;
using simd::float_bits;
using simd::float_from_bits;
using simd::float_to_bfloat16;
using simd::float_to_half;
using simd::half_to_float;

// One code of a float8 type, or of Float4E2M1 in the low four bits.
float minifloat_to_float(DataType type, std::uint8_t code);
// `saturate`: what is beyond the largest finite value becomes that value, else infinity or NaN as
// the type has it. Float4E2M1 has neither: it always saturates, and NaN gives -0.
std::uint8_t float_to_minifloat(DataType type, float value, bool saturate = true);

// True for Float16, BFloat16, the float8 types and Float4E2M1.
bool is_small_float(DataType type);

// n elements of a small float type to and from float. Float4E2M1 is packed two to a byte, the
// first in the low half. Another type: Error(Internal).
void widen(DataType from, const void* src, float* dst, std::int64_t n);
void narrow(DataType to, const float* src, void* dst, std::int64_t n, bool saturate = true);

}  // namespace keel
