#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(GatherND, EveryLengthOfATuple) {
  Random random(1);
  for (DataType type : {DataType::Float, DataType::Uint8, DataType::Double}) {
    const Tensor x = random_tensor(random, type, {3, 4, 5}, 0, 9);
    for (std::int64_t length : {0, 1, 2, 3})
      for (const Shape& outer : {Shape{}, Shape{2}, Shape{2, 3}, Shape{0}}) {
        Shape shape = outer;
        shape.push_back(length);
        check_operator("GatherND", {x, random_tensor(random, DataType::Int64, shape, -3, 2)});
      }
  }
}

TEST(GatherND, BatchesOfIndices) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {2, 3, 4, 5});
  struct Row {
    Shape indices;
    std::int64_t batch_dims;
  };
  const Row rows[] = {
      {{2, 1}, 1}, {{2, 6, 2}, 1}, {{2, 3, 1}, 2}, {{2, 3, 7, 2}, 2}, {{2, 3, 4, 1}, 3}};
  for (const Row& row : rows)
    check_operator("GatherND", {x, random_tensor(random, DataType::Int64, row.indices, -3, 2)},
                   {{"batch_dims", row.batch_dims}});
}

TEST(GatherND, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {3, 4});
  const auto refused = [&](const Tensor& indices, ErrorCode code, const char* fragment,
                           std::int64_t batch_dims = 0) {
    expect_error(code, fragment, [&] {
      run_operator("GatherND", {x, indices}, {{"batch_dims", batch_dims}});
    });
  };
  refused(make_tensor<std::int64_t>({2}, {0, 4}), ErrorCode::BadInput,
          "index 4 is out of range for axis 1 of size 4");
  refused(make_tensor<std::int64_t>({1}, {INT64_MIN}), ErrorCode::BadInput, "out of range");
  refused(make_tensor<std::int64_t>({3}, {0, 0, 0}), ErrorCode::BadInput, "3 coordinates for 2");
  refused(Tensor(DataType::Int64, {2, 1}), ErrorCode::BadInput, "batch axis 0", 1);
  refused(Tensor(DataType::Int64, {3, 1}), ErrorCode::MalformedModel, "batch_dims", 2);
  refused(Tensor(DataType::Int64, {3, 1}), ErrorCode::MalformedModel, "batch_dims", -1);
}

}  // namespace
}  // namespace keel::test
