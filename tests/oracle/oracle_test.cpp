// The oracle on what ONNX's own cases (conformance_test.cpp) do not show: its modes, the reader's
// normal form, epilogues, integers at their limits. Expected values are worked out by hand.
#include "tests/oracle/oracle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/oracle/array.h"
#include "tests/oracle/number_format.h"
#include "tests/support/compare.h"
#include "tests/support/model_builder.h"

namespace keel::oracle {
namespace {

using test::Attributes;
using test::ModelBuilder;
using test::Strings;

Tensor evaluate(const std::string& op, const std::vector<Tensor>& inputs,
                const Attributes& attributes = {}, Mode mode = Mode::Rounded) {
  ModelBuilder m;
  Strings names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    names.push_back("x" + std::to_string(i));
    m.constant(names.back(), inputs[i]);
  }
  return run(m.node(op, names, {"y"}, attributes).output("y").graph(), {}, mode).at("y");
}

std::vector<double> numbers(const Tensor& tensor) {
  const Array array = from_tensor(tensor);
  std::vector<double> out;
  for (std::int64_t i = 0; i < array.size(); ++i) out.push_back(array.number(i));
  return out;
}

using Numbers = std::vector<double>;

TEST(Oracle, RoundsEachNodeOrNothing) {
  // 1 + 1e-9 is 1 in float.
  const Tensor one = make_tensor<float>({1}, {1}), small = make_tensor<float>({1}, {1e-9f});
  const Tensor exact = evaluate("Add", {one, small}, {}, Mode::Exact);
  EXPECT_EQ(exact.type(), DataType::Double);
  EXPECT_EQ(numbers(exact), Numbers{1 + static_cast<double>(1e-9f)});
  const Tensor rounded = evaluate("Add", {one, small});
  EXPECT_EQ(rounded.type(), DataType::Float);
  EXPECT_EQ(numbers(rounded), Numbers{1});
}

TEST(Oracle, WrapsIntegers) {
  EXPECT_EQ(numbers(evaluate(
                "Add", {make_tensor<std::int8_t>({1}, {127}), make_tensor<std::int8_t>({1}, {1})})),
            Numbers{-128});
  EXPECT_EQ(numbers(evaluate("Sub", {make_tensor<std::uint16_t>({1}, {0}),
                                     make_tensor<std::uint16_t>({1}, {1})})),
            Numbers{65535});
  const std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  const Tensor a = make_tensor<std::uint64_t>({2}, {huge, 2});
  const Tensor b = make_tensor<std::uint64_t>({2}, {2, huge});
  EXPECT_EQ(numbers(evaluate("Div", {a, b})), (Numbers{0x1p63 - 1, 0}));
  EXPECT_EQ(numbers(evaluate("Less", {a, b})), (Numbers{0, 1}));
  EXPECT_EQ(numbers(evaluate("Max", {a, b})), (Numbers{0x1p64, 0x1p64}));
}

TEST(Oracle, DividesTowardsZeroAndTakesTheModuloOfTheDivisor) {
  const Tensor a = make_tensor<std::int32_t>({4}, {7, -7, 7, -7});
  const Tensor b = make_tensor<std::int32_t>({4}, {2, 2, -2, -2});
  EXPECT_EQ(numbers(evaluate("Div", {a, b})), (Numbers{3, -3, -3, 3}));
  EXPECT_EQ(numbers(evaluate("Mod", {a, b})), (Numbers{1, 1, -1, -1}));
  EXPECT_EQ(numbers(evaluate("Mod", {a, b}, {{"fmod", 1}})), (Numbers{1, -1, 1, -1}));
  EXPECT_THROW(evaluate("Div", {a, make_tensor<std::int32_t>({1}, {0})}), Error);
}

TEST(Oracle, AlignsTheOperandsOfOpset6) {
  const Tensor a = make_tensor<float>({1, 2, 3}, {0, 0, 0, 0, 0, 0});
  const Tensor b = make_tensor<float>({2}, {1, 2});
  EXPECT_EQ(numbers(evaluate("Add", {a, b}, {{"axis", 1}})), (Numbers{1, 1, 1, 2, 2, 2}));
  EXPECT_THROW(evaluate("Add", {a, b}), Error);
}

TEST(Oracle, FlattensTheSoftmaxOfOldOpsets) {
  const Tensor x = make_tensor<float>({1, 2, 2}, {1, 1, 1, 1});
  const Attributes old = {{"axis", 1}, {"flatten", 1}};
  EXPECT_EQ(numbers(evaluate("Softmax", {x}, old)), (Numbers{0.25, 0.25, 0.25, 0.25}));
  EXPECT_EQ(numbers(evaluate("Softmax", {x}, {{"axis", 1}})), (Numbers{0.5, 0.5, 0.5, 0.5}));
}

TEST(Oracle, ScalesGroupsAsOpset18Did) {
  const Tensor x = make_tensor<float>({1, 4, 1}, {-1, 1, -1, 1});
  const Tensor scale = make_tensor<float>({2}, {1, 10}), bias = make_tensor<float>({2}, {0, 1});
  const Attributes per_group = {{"num_groups", 2}, {"per_group", 1}, {"epsilon", 0.0f}};
  EXPECT_EQ(numbers(evaluate("GroupNormalization", {x, scale, bias}, per_group)),
            (Numbers{-1, 1, -9, 11}));
}

TEST(Oracle, AppliesEpilogues) {
  ModelBuilder m;
  m.constant("a", make_tensor<float>({2}, {-3, 3})).constant("b", make_tensor<float>({2}, {1, 1}));
  m.constant("r", make_tensor<float>({2}, {1, 1}));
  Graph graph = m.node("Add", {"a", "b", "r"}, {"y"}).output("y").graph();
  graph.nodes[0].epilogue = {true, {simd::ActivationKind::LeakyRelu, 0.5f, 0}};
  EXPECT_EQ(numbers(run(graph, {}).at("y")), (Numbers{-0.5, 5}));
}

// One channel, 3x3 ones, kernel of ones: each result counts the taps inside.
TEST(Oracle, ConvolvesByTheBook) {
  const Tensor x = make_tensor<float>({1, 1, 3, 3}, std::vector<float>(9, 1));
  const Tensor w = make_tensor<float>({1, 1, 3, 3}, std::vector<float>(9, 1));
  const Attributes padded = {{"pads", test::Ints{1, 1, 1, 1}}};
  EXPECT_EQ(numbers(evaluate("Conv", {x, w}, padded)), (Numbers{4, 6, 4, 6, 9, 6, 4, 6, 4}));
  const Attributes strided = {{"pads", test::Ints{1, 1, 1, 1}}, {"strides", test::Ints{2, 2}}};
  EXPECT_EQ(numbers(evaluate("Conv", {x, w}, strided)), (Numbers{4, 4, 4, 4}));
  const Attributes up = {{"strides", test::Ints{3, 3}}};
  const Tensor pair = make_tensor<float>({1, 1, 1, 2}, {5, 7});
  EXPECT_EQ(numbers(evaluate("ConvTranspose", {pair, w}, up)),
            (Numbers{5, 5, 5, 7, 7, 7, 5, 5, 5, 7, 7, 7, 5, 5, 5, 7, 7, 7}));
}

TEST(Oracle, SaysWhatItLacks) {
  ModelBuilder m;
  m.constant("x", make_tensor<float>({1}, {1}));
  const Graph graph = m.node("NoSuchOperator", {"x"}, {"y"}).output("y").graph();
  EXPECT_FALSE(supports(graph));
  try {
    run(graph, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Unsupported);
    EXPECT_EQ(error.op(), "NoSuchOperator");
  }
}

TEST(NumberFormat, EveryCodeIsItsOwnRounding) {
  for (const DataType type :
       {DataType::Float16, DataType::BFloat16, DataType::Float8E4M3FN, DataType::Float8E4M3FNUZ,
        DataType::Float8E5M2, DataType::Float8E5M2FNUZ, DataType::Float4E2M1}) {
    const std::uint32_t codes = type == DataType::Float4E2M1                              ? 16
                                : type == DataType::Float16 || type == DataType::BFloat16 ? 65536
                                                                                          : 256;
    for (std::uint32_t code = 0; code < codes; ++code) {
      const double value = decode(type, code);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(decode(type, encode(type, value))));
        continue;
      }
      ASSERT_EQ(round_to(type, value), value) << data_type_name(type) << " " << code;
      ASSERT_EQ(encode(type, value), code) << data_type_name(type);
    }
  }
}

TEST(NumberFormat, RoundsToEven) {
  EXPECT_EQ(round_to(DataType::Float16, 2049), 2048);
  EXPECT_EQ(round_to(DataType::Float16, 2051), 2052);
  EXPECT_EQ(round_to(DataType::Float16, 65519), 65504);
  EXPECT_EQ(round_to(DataType::Float16, 65520), std::numeric_limits<double>::infinity());
  EXPECT_EQ(round_to(DataType::Float16, 0x1p-25), 0);
  EXPECT_EQ(round_to(DataType::Float16, 0x1.8p-25), 0x1p-24);
  EXPECT_EQ(round_to(DataType::BFloat16, 257), 256);
  EXPECT_EQ(round_to(DataType::Float8E4M3FN, 1000, true), 448);
  EXPECT_TRUE(std::isnan(round_to(DataType::Float8E4M3FN, 1000, false)));
}

}  // namespace
}  // namespace keel::oracle
