#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

TEST(Constant, EveryAttribute) {
  check_operator("Constant", {}, {{"value", make_tensor<float>({2, 1}, {1, 2})}});
  check_operator("Constant", {}, {{"value", make_tensor<std::string>({1}, {"text"})}});
  check_operator("Constant", {}, {{"value", Tensor(DataType::Float, {0})}});
  check_operator("Constant", {}, {{"value_float", 1.5f}});
  check_operator("Constant", {}, {{"value_int", std::int64_t{-7}}});
  check_operator("Constant", {}, {{"value_string", std::string("text")}});
  check_operator("Constant", {}, {{"value_floats", Floats{1, 2}}});
  check_operator("Constant", {}, {{"value_ints", Ints{3, 4, 5}}});
  check_operator("Constant", {}, {{"value_strings", Strings{"a", ""}}});
}

TEST(Constant, PackedElements) {
  Tensor packed(DataType::Uint4, {3});
  packed.data_as<std::uint8_t>()[0] = 0x21;
  packed.data_as<std::uint8_t>()[1] = 0x03;
  const Tensor y = run_operator("Constant", {}, {{"value", packed}})[0];
  EXPECT_EQ(y.type(), DataType::Uint4);
  EXPECT_EQ(y.shape(), (Shape{3}));
  EXPECT_EQ(y.data_as<std::uint8_t>()[1], 0x03);
}

TEST(Constant, NeedsExactlyOne) {
  expect_error(ErrorCode::MalformedModel, "expected one attribute",
               [] { run_operator("Constant", {}); });
  expect_error(ErrorCode::MalformedModel, "value_float, value_int", [] {
    run_operator("Constant", {}, {{"value_float", 1.0f}, {"value_int", std::int64_t{1}}});
  });
}

}  // namespace
}  // namespace keel::test
