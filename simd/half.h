// float16 and bfloat16: the formulas of their conversions, and those over arrays. Exact upwards,
// rounded to nearest even downwards, independent of the denormal mode and the same on every
// instruction set.
#pragma once

#include <cstdint>

// Never out of line, so that each instruction set keeps its own copy.
#define KEEL_FORMULA __attribute__((always_inline)) static inline

namespace keel::simd {

KEEL_FORMULA std::uint32_t float_bits(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}

KEEL_FORMULA float float_from_bits(std::uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

// A select that no compiler turns into a branch, so that loops over it vectorise.
KEEL_FORMULA std::uint32_t select_bits(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = 0u - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

// float16: 1 sign, 5 exponent (bias 15), 10 mantissa bits.
KEEL_FORMULA float half_to_float(std::uint16_t half) {
  const std::uint32_t magnitude = half & 0x7fffu;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t rebias = 112u << 23;  // 127 - 15
  const std::uint32_t normal = (magnitude << 13) + rebias;
  const float denormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
  std::uint32_t bits = select_bits(magnitude >= 0x7c00u, normal + rebias, normal);  // inf, NaN
  bits = select_bits(magnitude < 0x0400u, float_bits(denormal), bits);
  return float_from_bits(bits | sign);
}

KEEL_FORMULA std::uint16_t float_to_half(float value) {
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
KEEL_FORMULA float bfloat16_to_float(std::uint16_t value) {
  return float_from_bits(static_cast<std::uint32_t>(value) << 16);
}

KEEL_FORMULA std::uint16_t float_to_bfloat16(float value) {
  const std::uint32_t bits = float_bits(value);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40u;
  return static_cast<std::uint16_t>(select_bits((bits & 0x7fffffffu) > 0x7f800000u, nan, rounded));
}

#undef KEEL_FORMULA

// n elements; x and y do not overlap.
struct HalfKernels {
  void (*widen_half)(const std::uint16_t* x, float* y, std::int64_t n);
  void (*narrow_half)(const float* x, std::uint16_t* y, std::int64_t n);
  void (*widen_bfloat16)(const std::uint16_t* x, float* y, std::int64_t n);
  void (*narrow_bfloat16)(const float* x, std::uint16_t* y, std::int64_t n);
};

}  // namespace keel::simd
