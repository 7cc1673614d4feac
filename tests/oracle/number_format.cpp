#include "tests/oracle/number_format.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace keel::oracle {
namespace {

enum class Specials { Ieee, OnlyNan, NanAtMinusZero, None };

// 1 sign bit, then exponent and mantissa bits.
struct Format {
  int exponent_bits, mantissa_bits, bias;
  double largest;
  Specials specials;
  int bits() const { return 1 + exponent_bits + mantissa_bits; }
};

const Format* format_of(DataType type) {
  static const Format half = {5, 10, 15, 65504, Specials::Ieee};
  static const Format brain = {8, 7, 127, std::ldexp(255.0, 120), Specials::Ieee};
  static const Format e4m3fn = {4, 3, 7, 448, Specials::OnlyNan};
  static const Format e4m3fnuz = {4, 3, 8, 240, Specials::NanAtMinusZero};
  static const Format e5m2 = {5, 2, 15, 57344, Specials::Ieee};
  static const Format e5m2fnuz = {5, 2, 16, 57344, Specials::NanAtMinusZero};
  static const Format e2m1 = {2, 1, 1, 6, Specials::None};
  switch (type) {
    case DataType::Float16:
      return &half;
    case DataType::BFloat16:
      return &brain;
    case DataType::Float8E4M3FN:
      return &e4m3fn;
    case DataType::Float8E4M3FNUZ:
      return &e4m3fnuz;
    case DataType::Float8E5M2:
      return &e5m2;
    case DataType::Float8E5M2FNUZ:
      return &e5m2fnuz;
    case DataType::Float4E2M1:
      return &e2m1;
    default:
      return nullptr;
  }
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

}  // namespace

bool is_narrow(DataType type) { return format_of(type) != nullptr; }

double round_to(DataType type, double x, bool saturate) {
  if (type == DataType::Float) return static_cast<float>(x);
  const Format* f = format_of(type);
  if (!f || std::isnan(x)) return x;
  double rounded = x;
  if (x != 0 && !std::isinf(x)) {
    const double quantum = std::ldexp(1.0, std::max(std::ilogb(x), 1 - f->bias) - f->mantissa_bits);
    rounded = std::nearbyint(x / quantum) * quantum;
  }
  if (std::fabs(rounded) > f->largest) {
    const bool eight = f->bits() <= 8;
    if ((eight && saturate) || f->specials == Specials::None) return std::copysign(f->largest, x);
    return f->specials == Specials::Ieee ? std::copysign(kInf, x) : kNan;
  }
  if (rounded == 0 && f->specials == Specials::NanAtMinusZero) return 0;
  return rounded;
}

std::uint32_t encode(DataType type, double x) {
  const Format& f = *format_of(type);
  const std::uint32_t sign_bit = 1u << (f.bits() - 1);
  const std::uint32_t sign = std::signbit(x) ? sign_bit : 0;
  const std::uint32_t top = ((1u << f.exponent_bits) - 1) << f.mantissa_bits;
  if (std::isnan(x)) {
    if (f.specials == Specials::NanAtMinusZero) return sign_bit;
    if (f.specials == Specials::OnlyNan) return sign | (sign_bit - 1);
    return f.specials == Specials::None ? 0 : sign | top | 1u << (f.mantissa_bits - 1);
  }
  if (std::isinf(x)) return sign | top;
  const double a = std::fabs(x);
  const int lowest = 1 - f.bias;
  if (a < std::ldexp(1.0, lowest))
    return sign | static_cast<std::uint32_t>(std::ldexp(a, f.mantissa_bits - lowest));
  const int exponent = std::ilogb(a);
  const double fraction = std::ldexp(a, -exponent) - 1;
  return sign | static_cast<std::uint32_t>(exponent + f.bias) << f.mantissa_bits |
         static_cast<std::uint32_t>(std::ldexp(fraction, f.mantissa_bits));
}

double decode(DataType type, std::uint32_t code) {
  const Format& f = *format_of(type);
  const std::uint32_t sign_bit = 1u << (f.bits() - 1);
  if (f.specials == Specials::NanAtMinusZero && code == sign_bit) return kNan;
  const std::uint32_t magnitude = code & (sign_bit - 1);
  const int exponent = static_cast<int>(magnitude >> f.mantissa_bits);
  const int top = (1 << f.exponent_bits) - 1;
  const double mantissa = magnitude & ((1u << f.mantissa_bits) - 1);
  if (f.specials == Specials::OnlyNan && magnitude == sign_bit - 1) return kNan;
  if (f.specials == Specials::Ieee && exponent == top)
    return mantissa != 0 ? kNan : (code & sign_bit ? -kInf : kInf);
  const double value =
      exponent == 0 ? std::ldexp(mantissa, 1 - f.bias - f.mantissa_bits)
                    : std::ldexp(1 + std::ldexp(mantissa, -f.mantissa_bits), exponent - f.bias);
  return code & sign_bit ? -value : value;
}

}  // namespace keel::oracle
