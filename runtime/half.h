// Conversions between float and the smaller floating-point types: exact upwards, rounded to
// nearest even downwards, without hardware support and independent of the denormal mode.
#pragma once

#include <cstdint>
#include <cstring>

#include "runtime/keel.h"

namespace keel {

inline std::uint32_t float_bits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline float float_from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// A select that no compiler turns into a branch, so that loops over it vectorise.
inline std::uint32_t select_bits(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = 0u - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

// float16: 1 sign, 5 exponent (bias 15), 10 mantissa bits.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t magnitude = half & 0x7fffu;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t rebias = 112u << 23;  // 127 - 15
  const std::uint32_t normal = (magnitude << 13) + rebias;
  const float denormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
  std::uint32_t bits = select_bits(magnitude >= 0x7c00u, normal + rebias, normal);  // inf, NaN
  bits = select_bits(magnitude < 0x0400u, float_bits(denormal), bits);
  return float_from_bits(bits | sign);
}

inline std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = float_bits(value);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  // Normal: round at bit 13; a carry out of the mantissa raises the exponent, up to infinity.
  const std::uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  // Below 2^-14: the last place of 0.5 is 2^-24, that of a float16 denormal; the addition rounds.
  const std::uint32_t denormal = float_bits(float_from_bits(magnitude) + 0.5f) - float_bits(0.5f);
  const std::uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x1ffu);
  std::uint32_t half = select_bits(magnitude < 0x38800000u, denormal, normal);
  half = select_bits(magnitude >= 0x47800000u, 0x7c00u, half);  // 65536 and more
  half = select_bits(magnitude > 0x7f800000u, nan, half);
  return static_cast<std::uint16_t>(half | sign);
}

// bfloat16: the upper half of a float.
inline float bfloat16_to_float(std::uint16_t value) {
  return float_from_bits(static_cast<std::uint32_t>(value) << 16);
}

inline std::uint16_t float_to_bfloat16(float value) {
  const std::uint32_t bits = float_bits(value);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40u;
  return static_cast<std::uint16_t>(select_bits((bits & 0x7fffffffu) > 0x7f800000u, nan, rounded));
}

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
