#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(ConstantOfShape, AnyShapeAndType) {
  for (const Ints& shape : {Ints{}, Ints{0}, Ints{3, 5}, Ints{2, 0, 4}, Ints{100000}})
    for (const Tensor& value :
         {make_tensor<float>({1}, {1.5f}), make_tensor<std::int64_t>({1}, {-3}),
          make_tensor<std::uint8_t>({}, {7}), make_tensor<bool>({1}, {true})})
      check_operator("ConstantOfShape", {ints(shape)}, {{"value", value}});
  check_operator("ConstantOfShape", {ints({4})});
  check_operator("ConstantOfShape", {ints({4})},
                 {{"value", make_tensor<std::string>({1}, {"text"})}});
}

TEST(ConstantOfShape, RefusesHostileShapes) {
  const auto refused = [](const Ints& shape, ErrorCode code) {
    expect_error(code, "ConstantOfShape", [&] { run_operator("ConstantOfShape", {ints(shape)}); });
  };
  refused({3, -1}, ErrorCode::BadInput);
  refused({INT64_MIN}, ErrorCode::BadInput);
  refused(Ints(33, 1), ErrorCode::Unsupported);
  expect_error(ErrorCode::ResourceLimit, "", [] {
    run_operator("ConstantOfShape", {ints({std::int64_t{1} << 40, std::int64_t{1} << 40})});
  });
  expect_error(ErrorCode::MalformedModel, "value", [] {
    run_operator("ConstantOfShape", {ints({1})}, {{"value", make_tensor<float>({2}, {1, 2})}});
  });
}

}  // namespace
}  // namespace keel::test
