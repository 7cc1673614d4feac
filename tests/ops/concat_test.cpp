#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Concat, EveryAxis) {
  Random random(1);
  for (std::int64_t axis = -3; axis < 3; ++axis) {
    std::vector<Tensor> inputs;
    for (std::int64_t size : {2, 0, 3, 1}) {
      Shape shape = {4, 4, 4};
      shape[static_cast<std::size_t>(axis < 0 ? axis + 3 : axis)] = size;
      inputs.push_back(random_tensor(random, DataType::Float, shape));
    }
    check_operator("Concat", inputs, {{"axis", axis}});
  }
}

TEST(Concat, OtherTypesAndSingleInputs) {
  Random random(1);
  for (DataType type : {DataType::Bool, DataType::Float16, DataType::Int64})
    check_operator("Concat",
                   {random_tensor(random, type, {3}, 0, 9), random_tensor(random, type, {2}, 0, 9)},
                   {{"axis", std::int64_t{0}}});
  check_operator("Concat", {random_tensor(random, DataType::Float, {2, 3})},
                 {{"axis", std::int64_t{1}}});
  check_operator("Concat",
                 {make_tensor<std::string>({1}, {"a"}), make_tensor<std::string>({2}, {"b", "c"})},
                 {{"axis", std::int64_t{0}}});
}

TEST(Concat, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {2, 3});
  const auto refused = [&](const Tensor& other, ErrorCode code, const char* fragment,
                           const Attributes& attributes) {
    expect_error(code, fragment, [&] { run_operator("Concat", {x, other}, attributes); });
  };
  const Attributes axis_0 = {{"axis", std::int64_t{0}}};
  refused(Tensor(DataType::Float, {2, 4}), ErrorCode::BadInput, "axis 1: expected size 3", axis_0);
  refused(Tensor(DataType::Float, {2, 3, 1}), ErrorCode::BadInput, "expected rank 2", axis_0);
  refused(Tensor(DataType::Int32, {2, 3}), ErrorCode::BadInput, "expected type float", axis_0);
  refused(x, ErrorCode::MalformedModel, "attribute 'axis'", {});
  refused(x, ErrorCode::MalformedModel, "expected a value in [-2, 1]", {{"axis", std::int64_t{2}}});
}

}  // namespace
}  // namespace keel::test
