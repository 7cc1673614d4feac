#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Shape, AnyRange) {
  const Tensor x(DataType::Float, {2, 0, 4});
  const std::int64_t bounds[] = {INT64_MIN, -4, -3, -1, 0, 1, 3, 5, INT64_MAX};
  for (std::int64_t start : bounds)
    for (std::int64_t end : bounds) check_operator("Shape", {x}, {{"start", start}, {"end", end}});
  check_operator("Shape", {x});
  check_operator("Shape", {make_tensor<std::string>({}, {"a"})});
}

TEST(Size, CountsElements) {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 0, 4}, Shape{2, 3, 4}})
    check_operator("Size", {Tensor(DataType::Int8, shape)});
}

}  // namespace
}  // namespace keel::test
