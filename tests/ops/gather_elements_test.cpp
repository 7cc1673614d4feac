#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(GatherElements, EveryAxis) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {3, 4, 5});
  for (std::int64_t axis = -3; axis < 3; ++axis)
    for (const Shape& shape : {Shape{3, 4, 5}, Shape{2, 3, 3}, Shape{1, 0, 2}, Shape{3, 4, 1}}) {
      check_operator("GatherElements", {x, random_tensor(random, DataType::Int64, shape, -3, 2)},
                     {{"axis", axis}});
      check_operator("GatherElements", {x, random_tensor(random, DataType::Int32, shape, 0, 2)},
                     {{"axis", axis}});
    }
}

TEST(GatherElements, MoreIndicesThanTheAxisHas) {
  Random random(1);
  for (DataType type : {DataType::Bool, DataType::BFloat16, DataType::Uint64})
    check_operator("GatherElements",
                   {random_tensor(random, type, {2, 3}, 0, 9),
                    random_tensor(random, DataType::Int64, {2, 11}, -3, 2)},
                   {{"axis", std::int64_t{1}}});
  check_operator("GatherElements", {make_tensor<std::string>({2}, {"a", "b"}),
                                    make_tensor<std::int64_t>({3}, {1, 1, -2})});
}

TEST(GatherElements, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {3, 4});
  const auto refused = [&](const Tensor& indices, const char* fragment) {
    expect_error(ErrorCode::BadInput, fragment, [&] {
      run_operator("GatherElements", {x, indices});
    });
  };
  refused(make_tensor<std::int64_t>({1, 1}, {3}), "index 3 is out of range for axis 0 of size 3");
  refused(make_tensor<std::int64_t>({1, 1}, {-4}), "index -4");
  refused(make_tensor<std::int64_t>({1}, {0}), "expected rank 2");
  refused(Tensor(DataType::Int64, {0, 5}), "axis 1: expected at most 4");
}

}  // namespace
}  // namespace keel::test
