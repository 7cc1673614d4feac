// LpNormalization against the oracle.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(LpNormalization, MatchesOracle) {
  for (std::int64_t p : {1, 2})
    for (std::int64_t axis : {-1, 0, 1, 2})
      for (DataType type : {DataType::Float, DataType::Double, DataType::Float16})
        check_operator("LpNormalization", {seeded(1, {3, 17, 40}, -3, 3, type)},
                       {{"p", p}, {"axis", axis}});
}

TEST(LpNormalization, ZerosStayZeros) {
  const Tensor x = make_tensor<float>({2, 2}, {0, 0, 3, 4});
  expect_close(run_op("LpNormalization", {x})[0], make_tensor<float>({2, 2}, {0, 0, 0.6f, 0.8f}),
               1e-6);
}

TEST(LpNormalization, RefusesMalformedNodes) {
  expect_error(ErrorCode::MalformedModel, "'p'", [] {
    infer_op("LpNormalization", {type_of({2, 3})}, {{"p", std::int64_t{3}}});
  });
  expect_error(ErrorCode::MalformedModel, "axis", [] {
    infer_op("LpNormalization", {type_of({2, 3})}, {{"axis", std::int64_t{2}}});
  });
}

}  // namespace
}  // namespace keel::test
