#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Identity, AnyTypeAndShape) {
  Random random(1);
  for (DataType type : {DataType::Float, DataType::Float16, DataType::Int64, DataType::Bool})
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 0}, Shape{2, 3, 4}})
      check_operator("Identity", {random_tensor(random, type, shape)});
  check_operator("Identity", {make_tensor<std::string>({2}, {"", "text"})});
}

}  // namespace
}  // namespace keel::test
