#include "runtime/half.h"

#include <array>
#include <cmath>

#include "simd/dispatch.h"

namespace keel {
namespace {

// value = mantissa * 2^(exponent - bias), as IEEE has it; codes above `max_code` (without sign)
// are infinity or NaN.
struct Format {
  int mantissa_bits;
  int bias;
  std::uint8_t sign;      // its bit
  std::uint8_t max_code;  // the largest finite value
  std::uint8_t infinity;  // 0: the type has none
  std::uint8_t nan;       // 0: the type has none; with the sign bit set, the only NaN ("UZ" types)
};

Format format_of(DataType type) {
  switch (type) {
    case DataType::Float8E4M3FN:
      return {3, 7, 0x80, 0x7e, 0, 0x7f};
    case DataType::Float8E4M3FNUZ:
      return {3, 8, 0x80, 0x7f, 0, 0x80};
    case DataType::Float8E5M2:
      return {2, 15, 0x80, 0x7b, 0x7c, 0x7f};
    case DataType::Float8E5M2FNUZ:
      return {2, 16, 0x80, 0x7f, 0, 0x80};
    case DataType::Float4E2M1:
      return {1, 1, 0x08, 0x07, 0, 0};
    default:
      throw Error(ErrorCode::Internal, "no small float type: " + std::string(data_type_name(type)));
  }
}

bool unsigned_zero(const Format& format) { return format.nan == format.sign; }

float decode(const Format& format, std::uint8_t code) {
  const int magnitude = code & (format.sign - 1);
  if (unsigned_zero(format) && code == format.nan) return std::nanf("");
  const float sign = (code & format.sign) != 0 ? -1.0f : 1.0f;
  if (format.infinity != 0 && magnitude == format.infinity) return sign * INFINITY;
  if (magnitude > format.max_code) return std::copysign(std::nanf(""), sign);
  const int fraction = magnitude & ((1 << format.mantissa_bits) - 1);
  const int exponent = magnitude >> format.mantissa_bits;
  const int implicit = exponent == 0 ? 0 : 1 << format.mantissa_bits;
  const int scale = (exponent == 0 ? 1 : exponent) - format.bias - format.mantissa_bits;
  return sign * std::ldexp(static_cast<float>(fraction + implicit), scale);
}

// The code of |value|, finite, without regard to the largest: rounded to nearest even.
std::uint32_t round_magnitude(const Format& format, std::uint32_t bits) {
  const int exponent = static_cast<int>(bits >> 23) - 127;
  const int lowest = 1 - format.bias;
  const std::uint32_t mantissa = (bits & 0x7fffffu) | 0x800000u;
  const int below = exponent < lowest ? lowest - exponent : 0;
  const int shift = 23 - format.mantissa_bits + below;
  if (shift > 24) return 0;  // less than half of the smallest
  const std::uint32_t kept = mantissa >> shift;
  const std::uint32_t rest = mantissa & ((1u << shift) - 1);
  const std::uint32_t half = 1u << (shift - 1);
  const std::uint32_t rounded = kept + (rest > half || (rest == half && (kept & 1u)) ? 1u : 0u);
  const int raised = exponent < lowest ? 0 : exponent - lowest;
  return (static_cast<std::uint32_t>(raised) << format.mantissa_bits) + rounded;
}

std::uint8_t encode(const Format& format, float value, bool saturate) {
  const std::uint32_t bits = float_bits(value);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint8_t sign = (bits >> 31) != 0 ? format.sign : 0;
  const bool nan = magnitude > 0x7f800000u;
  if (nan && unsigned_zero(format)) return format.nan;
  if (nan && format.nan != 0) return format.nan | sign;
  if (nan) return format.sign;  // as ONNX's reference has it: -0
  const bool infinite = magnitude >= 0x7f800000u;
  const std::uint32_t code = infinite ? 0xffu : round_magnitude(format, magnitude);
  if (code > format.max_code) {
    if (saturate || format.nan == 0) return format.max_code | sign;
    if (unsigned_zero(format)) return format.nan;
    return (format.infinity != 0 ? format.infinity : format.nan) | sign;
  }
  if (code == 0 && unsigned_zero(format)) return 0;
  return static_cast<std::uint8_t>(code) | sign;
}

void widen_minifloat(DataType from, const std::uint8_t* src, float* dst, std::int64_t n) {
  const Format format = format_of(from);
  std::array<float, 256> table;
  for (int code = 0; code < 2 * format.sign; ++code)
    table[code] = decode(format, static_cast<std::uint8_t>(code));
  if (from == DataType::Float4E2M1) {
    for (std::int64_t i = 0; i < n; ++i) dst[i] = table[(src[i / 2] >> (i % 2 * 4)) & 0xf];
  } else {
    for (std::int64_t i = 0; i < n; ++i) dst[i] = table[src[i]];
  }
}

void narrow_minifloat(DataType to, const float* src, std::uint8_t* dst, std::int64_t n,
                      bool saturate) {
  const Format format = format_of(to);
  if (to == DataType::Float4E2M1) {
    for (std::int64_t i = 0; i < n; i += 2) {
      const std::uint8_t high = i + 1 < n ? encode(format, src[i + 1], saturate) : 0;
      dst[i / 2] = static_cast<std::uint8_t>(encode(format, src[i], saturate) | high << 4);
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) dst[i] = encode(format, src[i], saturate);
  }
}

// Whatever instruction set a model runs on: the results are the same on all of them.
const simd::HalfKernels& best_kernels() { return *simd::available().front()->half; }

}  // namespace

float minifloat_to_float(DataType type, std::uint8_t code) { return decode(format_of(type), code); }

std::uint8_t float_to_minifloat(DataType type, float value, bool saturate) {
  return encode(format_of(type), value, saturate);
}

bool is_small_float(DataType type) {
  switch (type) {
    case DataType::Float16:
    case DataType::BFloat16:
    case DataType::Float8E4M3FN:
    case DataType::Float8E4M3FNUZ:
    case DataType::Float8E5M2:
    case DataType::Float8E5M2FNUZ:
    case DataType::Float4E2M1:
      return true;
    default:
      return false;
  }
}

void widen(DataType from, const void* src, float* dst, std::int64_t n) {
  const auto* const words = static_cast<const std::uint16_t*>(src);
  if (from == DataType::Float16) {
    best_kernels().widen_half(words, dst, n);
  } else if (from == DataType::BFloat16) {
    best_kernels().widen_bfloat16(words, dst, n);
  } else {
    widen_minifloat(from, static_cast<const std::uint8_t*>(src), dst, n);
  }
}

void narrow(DataType to, const float* src, void* dst, std::int64_t n, bool saturate) {
  auto* const words = static_cast<std::uint16_t*>(dst);
  if (to == DataType::Float16) {
    best_kernels().narrow_half(src, words, n);
  } else if (to == DataType::BFloat16) {
    best_kernels().narrow_bfloat16(src, words, n);
  } else {
    narrow_minifloat(to, src, static_cast<std::uint8_t*>(dst), n, saturate);
  }
}

}  // namespace keel
