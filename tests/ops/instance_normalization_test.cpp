// InstanceNormalization against the oracle.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(InstanceNormalization, MatchesOracle) {
  for (const Shape& x : {Shape{2, 19, 5, 7}, Shape{1, 3, 64, 64}, Shape{2, 40, 11},
                         Shape{1, 5, 3, 4, 2}, Shape{0, 5, 3}})
    for (DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
      const std::vector<Tensor> inputs = {seeded(1, x, -3, 3, type), seeded(2, {x[1]}, -2, 2, type),
                                          seeded(3, {x[1]}, -1, 1, type)};
      check_operator("InstanceNormalization", inputs, {{"epsilon", 1e-3f}});
      if (type == DataType::Float && x[0] > 0)
        check_node(make_node("InstanceNormalization", {}, 3), inputs, 1, 1);
    }
}

TEST(InstanceNormalization, LargeMean) {
  const Tensor one = make_tensor<float>({3}, {1, 1, 1}), zero = make_tensor<float>({3}, {0, 0, 0});
  for (std::int64_t width : {7, 100, 5000})
    check_node(make_node("InstanceNormalization", {}, 3),
               {seeded(1, {1, 3, width}, 9999, 10001), one, zero}, 1, 1, 1e-6);
}

TEST(InstanceNormalization, RefusesMalformedNodes) {
  expect_error(ErrorCode::BadInput, "input 1", [] {
    infer_op("InstanceNormalization", {type_of({2, 3, 4}), type_of({4}), type_of({3})});
  });
  expect_error(ErrorCode::MalformedModel, "rank", [] {
    infer_op("InstanceNormalization", {type_of({2, 3}), type_of({3}), type_of({3})});
  });
}

}  // namespace
}  // namespace keel::test
