#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

CheckOptions outputs(int count) {
  CheckOptions options;
  options.outputs = count;
  return options;
}

TEST(Split, SizesGivenOrEven) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {3, 7, 4});
  const Attributes axis_1 = {{"axis", std::int64_t{1}}};
  for (const Ints& sizes : {Ints{1, 2, 4}, Ints{7, 0, 0}, Ints{0, 3, 4}})
    check_operator("Split", {x, ints(sizes)}, axis_1, outputs(3));
  for (int count : {1, 2, 3, 7})
    check_operator("Split", {x}, {{"axis", std::int64_t{-2}}, {"num_outputs", std::int64_t{count}}},
                   outputs(count));
  check_operator("Split", {x}, {}, outputs(3));
  check_operator("Split", {make_tensor<std::string>({2}, {"a", "b"})}, {}, outputs(2));
}

TEST(Split, LastPartIsSmaller) {
  const std::vector<Tensor> parts =
      run_operator("Split", {Tensor(DataType::Float, {7})}, {{"num_outputs", std::int64_t{5}}}, 5);
  const std::int64_t sizes[] = {2, 2, 2, 1, 0};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(parts[i].shape(), (Shape{sizes[i]}));
}

TEST(Split, RefusesWrongSizes) {
  const Tensor x(DataType::Float, {6});
  const auto refused = [&](const Ints& sizes, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("Split", {x, ints(sizes)}, {}, 2); });
  };
  refused({2, 3}, ErrorCode::BadInput, "[2, 3] do not add up to 6");
  refused({7, -1}, ErrorCode::BadInput, "-1 is no size");
  refused({2, 2, 2}, ErrorCode::BadInput, "expected 2 sizes");
  refused({INT64_MAX, INT64_MAX}, ErrorCode::ResourceLimit, "overflow");
  expect_error(ErrorCode::MalformedModel, "num_outputs", [&] {
    run_operator("Split", {x}, {{"num_outputs", std::int64_t{3}}}, 2);
  });
  expect_error(ErrorCode::MalformedModel, "axis", [&] {
    run_operator("Split", {x}, {{"axis", std::int64_t{1}}}, 2);
  });
}

}  // namespace
}  // namespace keel::test
