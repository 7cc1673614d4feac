#include "runtime/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace keel {
namespace {

constexpr DataType kMinifloats[] = {DataType::Float8E4M3FN, DataType::Float8E4M3FNUZ,
                                    DataType::Float8E5M2, DataType::Float8E5M2FNUZ,
                                    DataType::Float4E2M1};

// The value of a float16 or bfloat16 code from its definition.
double naive(int code, int mantissa_bits, int bias) {
  const int exponent_bits = 15 - mantissa_bits;
  const int exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int fraction = code & ((1 << mantissa_bits) - 1);
  const double sign = (code & 0x8000) != 0 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) return fraction != 0 ? NAN : sign * INFINITY;
  const int implicit = exponent == 0 ? 0 : 1 << mantissa_bits;
  return sign * std::ldexp(fraction + implicit, std::max(exponent, 1) - bias - mantissa_bits);
}

TEST(Half, EveryCodeWidensExactlyAndComesBack) {
  for (int code = 0; code < 0x10000; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const float half = half_to_float(bits), brain = bfloat16_to_float(bits);
    const double expected_half = naive(code, 10, 15), expected_brain = naive(code, 7, 127);
    if (std::isnan(expected_half)) {
      ASSERT_TRUE(std::isnan(half)) << code;
      ASSERT_TRUE(std::isnan(half_to_float(float_to_half(half)))) << code;
    } else {
      ASSERT_EQ(half, expected_half) << code;
      ASSERT_EQ(float_to_half(half), bits);
    }
    if (std::isnan(expected_brain)) {
      ASSERT_TRUE(std::isnan(brain)) << code;
      ASSERT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(brain)))) << code;
    } else {
      ASSERT_EQ(brain, expected_brain) << code;
      ASSERT_EQ(float_to_bfloat16(brain), bits);
    }
  }
}

// Between two neighbouring codes: below the middle the lower, above it the higher, in the middle
// the even one.
TEST(Half, RoundsToNearestEven) {
  for (int code = 0; code < 0x7c00; ++code) {
    const auto low = static_cast<std::uint16_t>(code), high = static_cast<std::uint16_t>(code + 1);
    // What would follow the largest finite value is 65536, where infinity begins.
    const double next = code == 0x7bff ? 65536.0 : naive(code + 1, 10, 15);
    const auto middle = static_cast<float>((naive(code, 10, 15) + next) / 2);
    ASSERT_EQ(float_to_half(middle), code % 2 == 0 ? low : high) << code;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 0.0f)), low) << code;
    ASSERT_EQ(float_to_half(std::nextafter(middle, INFINITY)), high) << code;
    ASSERT_EQ(float_to_half(-middle), float_to_half(middle) | 0x8000) << code;
  }
  for (int code = 0; code < 0x7f80; ++code) {
    const auto low = static_cast<std::uint16_t>(code), high = static_cast<std::uint16_t>(code + 1);
    const float middle = float_from_bits(static_cast<std::uint32_t>(code) << 16 | 0x8000u);
    ASSERT_EQ(float_to_bfloat16(middle), code % 2 == 0 ? low : high) << code;
    ASSERT_EQ(float_to_bfloat16(std::nextafter(middle, 0.0f)), low) << code;
    ASSERT_EQ(float_to_bfloat16(std::nextafter(middle, INFINITY)), high) << code;
  }
}

TEST(Minifloat, CodesComeBackAndOrderIsKept) {
  for (const DataType type : kMinifloats) {
    const int codes = type == DataType::Float4E2M1 ? 16 : 256;
    for (int code = 0; code < codes; ++code) {
      const float value = minifloat_to_float(type, static_cast<std::uint8_t>(code));
      const std::uint8_t back = float_to_minifloat(type, value, false);
      if (std::isnan(value)) {
        ASSERT_TRUE(std::isnan(minifloat_to_float(type, back)));
      } else {
        ASSERT_EQ(back, code) << data_type_name(type);
      }
      if (code > 0 && code < codes / 2 && !std::isnan(value)) {
        const float below = minifloat_to_float(type, static_cast<std::uint8_t>(code - 1));
        ASSERT_GT(value, below);
        if (std::isinf(value)) continue;
        const float middle = (value + below) / 2;
        const int even = code % 2 == 0 ? code : code - 1;
        ASSERT_EQ(float_to_minifloat(type, middle), even) << data_type_name(type);
        ASSERT_EQ(float_to_minifloat(type, std::nextafter(middle, 0.0f)), code - 1);
        ASSERT_EQ(float_to_minifloat(type, std::nextafter(middle, 1e6f)), code);
      }
    }
  }
}

TEST(Minifloat, ExtremesAsOnnxHasThem) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  struct Row {
    DataType type;
    float largest;
    int saturated, infinity, minus_infinity, nan, minus_zero;
  };
  const Row rows[] = {{DataType::Float8E4M3FN, 448, 0x7e, 0x7f, 0xff, 0x7f, 0x80},
                      {DataType::Float8E4M3FNUZ, 240, 0x7f, 0x80, 0x80, 0x80, 0x00},
                      {DataType::Float8E5M2, 57344, 0x7b, 0x7c, 0xfc, 0x7f, 0x80},
                      {DataType::Float8E5M2FNUZ, 57344, 0x7f, 0x80, 0x80, 0x80, 0x00},
                      {DataType::Float4E2M1, 6, 0x07, 0x07, 0x0f, 0x08, 0x08}};
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(data_type_name(row.type)));
    EXPECT_EQ(minifloat_to_float(row.type, static_cast<std::uint8_t>(row.saturated)), row.largest);
    for (const float value : {row.largest * 1.2f, 1e30f, kInf}) {
      EXPECT_EQ(float_to_minifloat(row.type, value, true), row.saturated);
      EXPECT_EQ(float_to_minifloat(row.type, value, false), row.infinity);
      EXPECT_EQ(float_to_minifloat(row.type, -value, false), row.minus_infinity);
    }
    EXPECT_EQ(float_to_minifloat(row.type, std::nanf("")), row.nan);
    EXPECT_EQ(float_to_minifloat(row.type, -0.0f), row.minus_zero);
    EXPECT_EQ(float_to_minifloat(row.type, -1e-30f), row.minus_zero);
  }
}

TEST(SmallFloat, ArraysAgreeWithSingleValues) {
  for (const std::int64_t n : {0, 1, 2, 7, 16, 33}) {
    std::vector<float> values(n), back(n);
    for (std::int64_t i = 0; i < n; ++i) values[i] = static_cast<float>(i % 9) * 0.75f - 3;
    std::vector<std::uint16_t> words(n);
    narrow(DataType::Float16, values.data(), words.data(), n);
    widen(DataType::Float16, words.data(), back.data(), n);
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(back[i], values[i]);
    narrow(DataType::BFloat16, values.data(), words.data(), n);
    widen(DataType::BFloat16, words.data(), back.data(), n);
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(back[i], values[i]);
    for (const DataType type : kMinifloats) {
      std::vector<std::uint8_t> bytes(n + 1, 0xa5);
      narrow(type, values.data(), bytes.data(), n);
      EXPECT_EQ(bytes[type == DataType::Float4E2M1 ? (n + 1) / 2 : n], 0xa5);
      widen(type, bytes.data(), back.data(), n);
      for (std::int64_t i = 0; i < n; ++i)
        EXPECT_EQ(back[i], minifloat_to_float(type, float_to_minifloat(type, values[i])));
    }
  }
  float value = 0;
  EXPECT_THROW(widen(DataType::Float, &value, &value, 1), Error);
}

}  // namespace
}  // namespace keel
