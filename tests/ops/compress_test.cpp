#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

// Element i of the result, for x [outer, size, inner]: the slices whose condition holds, in order.
std::vector<float> reference(const Tensor& x, const Tensor& condition, std::int64_t outer,
                             std::int64_t size, std::int64_t inner) {
  std::vector<float> result;
  for (std::int64_t i = 0; i < outer * size * inner; ++i) {
    const std::int64_t at = i / inner % size;
    if (at < condition.size() && condition.data_as<bool>()[at])
      result.push_back(x.data_as<float>()[i]);
  }
  return result;
}

TEST(Compress, AlongAnAxisOrFlattened) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {4, 5, 6});
  const auto check = [&](std::int64_t length, std::int64_t outer, std::int64_t size,
                         std::int64_t inner, const Attributes& attributes) {
    const Tensor condition = random_tensor(random, DataType::Bool, {length});
    const Tensor y = run_operator("Compress", {x, condition}, attributes)[0];
    const std::vector<float> want = reference(x, condition, outer, size, inner);
    const std::vector<float> got(y.data_as<float>(), y.data_as<float>() + y.size());
    EXPECT_EQ(got, want);
  };
  for (std::int64_t length : {0, 2, 4}) {
    check(length, 1, 4, 30, {{"axis", std::int64_t{0}}});
    check(length, 4, 5, 6, {{"axis", std::int64_t{-2}}});
    check(length, 20, 6, 1, {{"axis", std::int64_t{2}}});
    check(length * 20, 1, 120, 1, {});
  }
}

TEST(Compress, StringsInAModel) {
  ModelBuilder builder;
  const Sizes three = {3};
  builder.input("x", three, DataType::String).input("c", three, DataType::Bool);
  builder.node("Compress", {"x", "c"}, {"kept"}).node("Identity", {"kept"}, {"y"}).output("y");
  const Tensor y = builder.load()
                       .run({{"x", make_tensor<std::string>({3}, {"a", "b", "a longer text, c"})},
                             {"c", make_tensor<bool>({3}, {true, false, true})}})
                       .at("y");
  ASSERT_EQ(y.shape(), (Shape{2}));
  EXPECT_EQ(y.data_as<std::string>()[1], "a longer text, c");
}

TEST(Compress, RefusesConditionsBeyondTheAxis) {
  const Tensor x(DataType::Float, {1, 2});
  expect_error(ErrorCode::BadInput, "true at 2", [&] {
    run_operator("Compress", {x, make_tensor<bool>({3}, {false, false, true})});
  });
  EXPECT_EQ(run_operator("Compress", {x, make_tensor<bool>({3}, {true, false, false})})[0].shape(),
            (Shape{1}));
  expect_error(ErrorCode::Unsupported, "int8", [&] {
    run_operator("Compress", {x, Tensor(DataType::Int8, {1})});
  });
}

}  // namespace
}  // namespace keel::test
