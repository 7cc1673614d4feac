// Cast and CastLike: every pair of types, text, and what does not fit.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/convert.h"
#include "tests/support/compare.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr DataType kTypes[] = {DataType::Float,
                               DataType::Double,
                               DataType::Float16,
                               DataType::BFloat16,
                               DataType::Int8,
                               DataType::Int16,
                               DataType::Int32,
                               DataType::Int64,
                               DataType::Uint8,
                               DataType::Uint16,
                               DataType::Uint32,
                               DataType::Uint64,
                               DataType::Bool,
                               DataType::Float8E4M3FN,
                               DataType::Float8E5M2,
                               DataType::Float8E4M3FNUZ,
                               DataType::Float8E5M2FNUZ,
                               DataType::Uint4,
                               DataType::Int4};

Attributes to(DataType type) { return {{"to", static_cast<std::int64_t>(type)}}; }

Tensor cast(const Tensor& x, DataType type) { return run_operator("Cast", {x}, to(type))[0]; }

// Whole numbers that most types have.
Tensor numbers(DataType type, const Shape& shape) {
  Tensor wide(DataType::Int32, shape), tensor(type, shape);
  for (std::int64_t i = 0; i < wide.size(); ++i)
    wide.data_as<std::int32_t>()[i] = static_cast<std::int32_t>(i * 7 % 19) - 6;
  convert(DataType::Int32, wide.data(), type, tensor.data(), wide.size());
  return tensor;
}

TEST(Cast, EveryPairOfTypes) {
  for (const DataType from : kTypes)
    for (const DataType type : kTypes)
      for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 7}, Shape{1, 2051}}) {
        SCOPED_TRACE(std::string(data_type_name(from)) + " to " +
                     std::string(data_type_name(type)));
        const Tensor x = numbers(from, shape);
        const std::vector<Tensor> inputs = {x, Tensor(type, {1})};
        const Tensor y = cast(x, type);
        ASSERT_EQ(y.type(), type);
        ASSERT_EQ(bit_difference(run_operator("CastLike", inputs)[0], y), "");
        if (shape == Shape{3, 7}) check_operator("Cast", {x}, to(type));
      }
}

TEST(Cast, FloatsToIntegersTruncateAndWrapOrSaturate) {
  const Tensor x = make_tensor<double>({9}, {1.9, -1.9, 300, -1, 3e9, -3e9, 1e300, -1e300, NAN});
  const auto expect = [&](DataType type, const std::vector<double>& wanted) {
    const Tensor y = cast(cast(x, type), DataType::Double);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_EQ(y.data_as<double>()[i], wanted[i]) << data_type_name(type) << " " << i;
  };
  expect(DataType::Uint8, {1, 255, 44, 255});
  expect(DataType::Int8, {1, -1, 44, -1});
  expect(DataType::Int32, {1, -1, 300, -1, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0});
  expect(DataType::Uint32, {1, 4294967295.0, 300, 4294967295.0, 3e9});
  expect(DataType::Int64, {1, -1, 300, -1, 3e9, -3e9, 0x1p63, -0x1p63, 0});
  expect(DataType::Uint64, {1, 0x1p64, 300, 0x1p64, 3e9, 0x1p64 - 3e9, 0x1p64, 0x1p63, 0});
  expect(DataType::Bool, {1, 1, 1, 1, 1, 1, 1, 1, 1});
}

TEST(Cast, IntegersKeepTheirLowBits) {
  const Tensor x = make_tensor<std::int64_t>({4}, {200, -1, 0x1'0000'0080, 17});
  const Tensor y = cast(x, DataType::Int8);
  const std::int8_t bytes[] = {-56, -1, -128, 17};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y.data_as<std::int8_t>()[i], bytes[i]);
  const Tensor nibbles = cast(cast(x, DataType::Int4), DataType::Int32);
  const std::int32_t values[] = {-8, -1, 0, 1};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(nibbles.data_as<std::int32_t>()[i], values[i]);
}

// Values that a rounding to float on the way would carry to the wrong neighbour.
TEST(Cast, RoundsOnce) {
  const auto half = [](const Tensor& x) {
    return cast(x, DataType::Float16).data_as<std::uint16_t>()[0];
  };
  const auto brain = [](const Tensor& x) {
    return cast(x, DataType::BFloat16).data_as<std::uint16_t>()[0];
  };
  EXPECT_EQ(half(make_tensor<double>({}, {1 + 0x1p-11})), 0x3c00);
  EXPECT_EQ(half(make_tensor<double>({}, {1 + 0x1p-11 + 0x1p-40})), 0x3c01);
  EXPECT_EQ(half(make_tensor<double>({}, {-(1 + 3 * 0x1p-11 - 0x1p-40)})), 0xbc01);
  EXPECT_EQ(brain(make_tensor<double>({}, {1 + 0x1p-8 + 0x1p-50})), 0x3f81);
  EXPECT_EQ(brain(make_tensor<std::int64_t>({}, {0x4040'0000'0000'0001})), 0x5e81);
  EXPECT_EQ(brain(make_tensor<std::int64_t>({}, {0x4040'0000'0000'0000})), 0x5e80);
  EXPECT_EQ(brain(make_tensor<std::uint64_t>({}, {0x8080'0000'0000'0001})), 0x5f01);
  EXPECT_EQ(half(make_tensor<std::int64_t>({}, {INT64_MIN})), 0xfc00);
}

TEST(Cast, SaturatesFloat8OnlyWhenAsked) {
  const Tensor x = make_tensor<float>({2}, {1e6f, -INFINITY});
  Attributes attributes = to(DataType::Float8E5M2);
  const Tensor saturated = run_operator("Cast", {x}, attributes)[0];
  attributes["saturate"] = std::int64_t{0};
  const Tensor infinite = run_operator("Cast", {x}, attributes)[0];
  EXPECT_EQ(saturated.data_as<std::uint8_t>()[0], 0x7b);
  EXPECT_EQ(saturated.data_as<std::uint8_t>()[1], 0xfb);
  EXPECT_EQ(infinite.data_as<std::uint8_t>()[0], 0x7c);
  EXPECT_EQ(infinite.data_as<std::uint8_t>()[1], 0xfc);
}

TEST(Cast, NumbersToText) {
  const auto texts = [](const Tensor& x) {
    const Tensor y = cast(x, DataType::String);
    const auto* first = y.data_as<std::string>();
    return std::vector<std::string>(first, first + y.size());
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(make_tensor<float>({4}, {0.1f, -2.5f, NAN, -INFINITY})),
            (Texts{"0.1", "-2.5", "NaN", "-INF"}));
  EXPECT_EQ(texts(make_tensor<double>({2}, {0.1, INFINITY})), (Texts{"0.1", "INF"}));
  EXPECT_EQ(texts(make_tensor<std::uint64_t>({1}, {UINT64_MAX})), (Texts{"18446744073709551615"}));
  EXPECT_EQ(texts(make_tensor<std::int8_t>({1}, {-128})), (Texts{"-128"}));
  EXPECT_EQ(texts(cast(make_tensor<float>({1}, {0.5f}), DataType::Float16)), (Texts{"0.5"}));
  EXPECT_EQ(texts(make_tensor<std::string>({1}, {"as it is"})), (Texts{"as it is"}));
}

TEST(Cast, TextToNumbers) {
  const Tensor x = make_tensor<std::string>(
      {9}, {"3.25", " -1e3 ", "+7", "NaN", "+INF", "-inf", "1e999", "-1e-999", "100.5"});
  const double expected[] = {3.25, -1000, 7, NAN, INFINITY, -INFINITY, INFINITY, 0, 100.5};
  const Tensor y = cast(x, DataType::Double);
  for (int i = 0; i < 9; ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(y.data_as<double>()[i]));
    } else {
      EXPECT_EQ(y.data_as<double>()[i], expected[i]) << i;
    }
  }
  const Tensor integers = make_tensor<std::string>({3}, {"9223372036854775807", "-5", "100.5"});
  const std::int64_t exact[] = {INT64_MAX, -5, 100};
  const Tensor z = cast(integers, DataType::Int64);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(z.data_as<std::int64_t>()[i], exact[i]);
  const Tensor big = make_tensor<std::string>({1}, {"18446744073709551615"});
  EXPECT_EQ(cast(big, DataType::Uint64).data_as<std::uint64_t>()[0], UINT64_MAX);
  EXPECT_TRUE(cast(make_tensor<std::string>({1}, {"2"}), DataType::Bool).data_as<bool>()[0]);

  for (const char* text : {"", " ", "one", "1x", "--1", "+-1", "0x10", "1e", "1 2"})
    for (const DataType type : {DataType::Float, DataType::Int32, DataType::Uint64}) {
      try {
        cast(make_tensor<std::string>({1}, {text}), type);
        ADD_FAILURE() << "no error for '" << text << "'";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::BadInput);
      }
    }
}

TEST(Cast, RefusesTypesThatAreNone) {
  const Tensor x = make_tensor<float>({1}, {1});
  EXPECT_THROW(run_operator("Cast", {x}), Error);
  for (const std::int64_t type : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{99}, INT64_MAX,
                                  static_cast<std::int64_t>(DataType::Complex64)})
    EXPECT_THROW(run_operator("Cast", {x}, {{"to", type}}), Error) << type;
}

}  // namespace
}  // namespace keel::test
