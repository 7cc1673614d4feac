#include "runtime/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/element_types.h"
#include "runtime/half.h"
#include "runtime/tensor.h"
#include "runtime/to_integer.h"

namespace keel {
namespace {

// Every type is first widened to one of these without loss, and then narrowed from it: 5 ways in
// and 5 x 11 ways out instead of 17 x 17.
using WideTypes = TypeList<float, double, std::int32_t, std::int64_t, std::uint64_t>;
using Targets = TypeList<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                         std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, bool>;

DataType wide_type(DataType type) {
  if (is_small_float(type)) return DataType::Float;
  switch (type) {
    case DataType::Float:
    case DataType::Double:
    case DataType::Int64:
    case DataType::Uint64:
      return type;
    case DataType::Uint32:
      return DataType::Int64;
    default:
      return DataType::Int32;
  }
}

using Loop = void (*)(const void* src, void* dst, std::int64_t n);

template <typename To, typename From>
To convert_one(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != 0;
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    return to_integer<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <typename From, typename To>
void convert_loop(const void* src, void* dst, std::int64_t n) {
  const From* const from = static_cast<const From*>(src);
  To* const to = static_cast<To*>(dst);
  for (std::int64_t i = 0; i < n; ++i) to[i] = convert_one<To>(from[i]);
}

// Any byte but 0 is true.
void widen_bool(const void* src, void* dst, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<std::int32_t*>(dst)[i] = static_cast<const std::uint8_t*>(src)[i] != 0;
}

void widen_nibbles(DataType from, const std::uint8_t* src, std::int32_t* dst, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const int code = (src[i / 2] >> (i % 2 * 4)) & 0xf;
    dst[i] = from == DataType::Int4 && code >= 8 ? code - 16 : code;
  }
}

void narrow_nibbles(const std::int8_t* src, std::uint8_t* dst, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += 2)
    dst[i / 2] =
        static_cast<std::uint8_t>((src[i] & 0xf) | (i + 1 < n ? (src[i + 1] & 0xf) << 4 : 0));
}

// The source as its wide type: itself, or in `buffer`.
const void* widened(DataType from, const void* src, void* buffer, std::int64_t n) {
  if (wide_type(from) == from) return src;
  if (is_small_float(from)) {
    widen(from, src, static_cast<float*>(buffer), n);
  } else if (from == DataType::Bool) {
    widen_bool(src, buffer, n);
  } else if (element_bits(from) == 4) {
    widen_nibbles(from, static_cast<const std::uint8_t*>(src), static_cast<std::int32_t*>(buffer),
                  n);
  } else if (from == DataType::Uint32) {
    convert_loop<std::uint32_t, std::int64_t>(src, buffer, n);
  } else {
    using Small = TypeList<std::int8_t, std::int16_t, std::uint8_t, std::uint16_t>;
    pick_type(Small{}, from, [](auto tag) -> Loop {
      return convert_loop<typename decltype(tag)::type, std::int32_t>;
    })(src, buffer, n);
  }
  return buffer;
}

// Rounds to odd: a second rounding, to a type of at most 22 mantissa bits, is then as good as one.
float odd_float(double x) {
  const auto rounded = static_cast<float>(x);
  const auto back = static_cast<double>(rounded);
  if (back == x || std::isnan(x) || std::isinf(rounded)) return rounded;
  const std::uint32_t bits = float_bits(rounded);
  return float_from_bits((std::abs(back) > std::abs(x) ? bits - 1 : bits) | 1u);
}

// The same for integers on their way to double.
double odd_double(std::uint64_t magnitude) {
  if (magnitude >> 53 == 0) return static_cast<double>(magnitude);
  const std::uint64_t sticky = (magnitude & 0xfff) != 0 ? 0x800 : 0;
  return static_cast<double>((magnitude & ~std::uint64_t{0xfff}) | sticky);
}

template <typename From>
void odd_loop(const void* src, void* dst, std::int64_t n) {
  const From* const from = static_cast<const From*>(src);
  float* const to = static_cast<float*>(dst);
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_floating_point_v<From>) {
      to[i] = odd_float(static_cast<double>(from[i]));
    } else {
      const bool negative = from[i] < From{0};
      const auto bits = static_cast<std::uint64_t>(from[i]);
      const double magnitude = odd_double(negative ? 0 - bits : bits);
      to[i] = odd_float(negative ? -magnitude : magnitude);
    }
  }
}

Loop loop_between(DataType wide, DataType to) {
  return pick_type(WideTypes{}, wide, [to](auto from_tag) -> Loop {
    using From = typename decltype(from_tag)::type;
    if (is_small_float(to)) return odd_loop<From>;
    if (element_bits(to) == 4) return convert_loop<From, std::int8_t>;
    return pick_type(Targets{}, to, [](auto to_tag) -> Loop {
      return convert_loop<From, typename decltype(to_tag)::type>;
    });
  });
}

void convert_piece(DataType from, const void* src, DataType to, void* dst, std::int64_t n,
                   bool saturate) {
  alignas(64) std::byte wide_buffer[kConvertPiece * sizeof(double)];
  alignas(64) std::byte buffer[kConvertPiece * sizeof(float)];
  const void* const wide = widened(from, src, wide_buffer, n);
  const DataType type = wide_type(from);
  if (is_small_float(to)) {
    const void* floats = wide;
    if (type != DataType::Float) {
      loop_between(type, to)(wide, buffer, n);
      floats = buffer;
    }
    narrow(to, static_cast<const float*>(floats), dst, n, saturate);
  } else if (element_bits(to) == 4) {
    loop_between(type, to)(wide, buffer, n);
    narrow_nibbles(reinterpret_cast<const std::int8_t*>(buffer), static_cast<std::uint8_t*>(dst),
                   n);
  } else {
    loop_between(type, to)(wide, dst, n);
  }
}

}  // namespace

bool is_number(DataType type) {
  switch (type) {
    case DataType::Undefined:
    case DataType::String:
    case DataType::Complex64:
    case DataType::Complex128:
      return false;
    default:
      return element_bits(type) != 0;
  }
}

void convert(DataType from, const void* src, DataType to, void* dst, std::int64_t n,
             bool saturate) {
  const auto* const bytes = static_cast<const std::byte*>(src);
  auto* const results = static_cast<std::byte*>(dst);
  if (from == to) {
    if (n > 0) std::memmove(dst, src, (static_cast<std::size_t>(n) * element_bits(to) + 7) / 8);
    return;
  }
  for (std::int64_t i = 0; i < n; i += kConvertPiece) {
    const auto at = static_cast<std::size_t>(i);
    convert_piece(from, bytes + at * element_bits(from) / 8, to,
                  results + at * element_bits(to) / 8, std::min(kConvertPiece, n - i), saturate);
  }
}

}  // namespace keel
