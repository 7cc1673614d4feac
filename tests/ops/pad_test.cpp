#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Pad, EveryMode) {
  Random random(1);
  for (const char* mode : {"constant", "edge", "reflect", "wrap"})
    for (const Ints& pads : {Ints{0, 0, 0, 0, 0, 0}, Ints{0, 1, 2, 0, 2, 1}, Ints{2, 0, 0, 1, 0, 3},
                             Ints{1, 2, 3, 2, 1, 3}})
      for (DataType type : {DataType::Float, DataType::Int8, DataType::Int64})
        check_operator("Pad", {random_tensor(random, type, {3, 4, 5}, 0, 9), ints(pads)},
                       {{"mode", std::string(mode)}});
}

TEST(Pad, ConstantsAndAxes) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {2, 3, 4}), none;
  const Tensor value = make_tensor<float>({}, {7});
  check_operator("Pad", {x, ints({1, 2, 3, 4}), value, ints({-1, 0})});
  check_operator("Pad", {x, ints({1, 2, 3, 4}), none, ints({2, 1})});
  check_operator("Pad", {x, ints({1, 2}), value, make_tensor<std::int32_t>({1}, {1})});
  check_operator("Pad", {make_tensor<float>({}, {1}), ints({})});
  check_operator("Pad", {Tensor(DataType::Float, {0, 2}), ints({1, 0, 2, 1}), value});
  check_operator("Pad", {make_tensor<bool>({1}, {true}), ints({1, 1})});
  const Tensor y = run_operator("Pad", {make_tensor<std::string>({1}, {"a"}), ints({1, 1})})[0];
  EXPECT_EQ(y.data_as<std::string>()[0], "");
  EXPECT_EQ(y.data_as<std::string>()[1], "a");
}

TEST(Pad, NegativePadsCut) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {4, 6});
  for (const Ints& pads : {Ints{-1, 0, 0, -2}, Ints{-2, 3, -2, -1}, Ints{-4, 0, 5, 0},
                           Ints{5, -6, -4, 2}, Ints{0, -6, 0, 0}})
    check_operator("Pad", {x, ints(pads)});
  check_operator("Pad", {x, ints({-1, 0, 1, 2})}, {{"mode", std::string("reflect")}});
  check_operator("Pad", {x, ints({-1, 0, 0, -2})}, {{"mode", std::string("edge")}});
}

TEST(Pad, WrapsMoreThanOnce) {
  Random random(1);
  for (const Ints& pads : {Ints{7, 0}, Ints{0, 7}, Ints{3, 6}, Ints{8, 10}})
    for (std::int64_t size : {1, 2, 3})
      check_operator(
          "Pad",
          {random_tensor(random, DataType::Float, {size, 3}), ints({pads[0], 1, pads[1], 2})},
          {{"mode", std::string("wrap")}});
}

TEST(Pad, RefusesWrongPads) {
  const Tensor x(DataType::Float, {3, 2});
  const auto refused = [&](const Ints& pads, ErrorCode code, const char* fragment,
                           const std::string& mode = "constant") {
    expect_error(code, fragment, [&] { run_operator("Pad", {x, ints(pads)}, {{"mode", mode}}); });
  };
  refused({1, 1, 1}, ErrorCode::BadInput, "expected 4 values");
  refused({-4, 0, 9, 0}, ErrorCode::BadInput, "cut off more");
  refused({-2, 0, -2, 0}, ErrorCode::BadInput, "cut off more");
  refused({INT64_MIN, 0, INT64_MAX, 0}, ErrorCode::BadInput, "cut off more");
  refused({INT64_MAX, 0, INT64_MAX, 0}, ErrorCode::ResourceLimit, "too large");
  refused({std::int64_t{1} << 40, std::int64_t{1} << 40, 0, 0}, ErrorCode::ResourceLimit, "");
  refused({3, 0, 0, 0}, ErrorCode::BadInput, "cannot mirror", "reflect");
  refused({0, 0, 0, 2}, ErrorCode::BadInput, "cannot mirror", "reflect");
  refused({-3, 0, 1, 0}, ErrorCode::BadInput, "nothing to fill", "edge");
  refused({0, 0, 0, 0}, ErrorCode::MalformedModel, "attribute 'mode'", "mirror");
  expect_error(ErrorCode::BadInput, "constant_value: expected type float", [&] {
    run_operator("Pad", {x, ints({0, 0, 0, 0}), make_tensor<double>({}, {1})});
  });
  expect_error(ErrorCode::BadInput, "nothing to fill", [&] {
    run_operator("Pad", {Tensor(DataType::Float, {0}), ints({1, 0})},
                 {{"mode", std::string("wrap")}});
  });
}

}  // namespace
}  // namespace keel::test
