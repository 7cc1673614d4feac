// LRN against the oracle.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(Lrn, MatchesOracle) {
  for (const Shape& x : {Shape{2, 19, 5, 7}, Shape{1, 33, 40}, Shape{3, 5}, Shape{1, 2, 3, 4, 5}})
    for (std::int64_t size : {1, 2, 5, 50}) {
      check_operator("LRN", {seeded(1, x, -3, 3)}, {{"size", size}});
      check_operator("LRN", {seeded(1, x, -3, 3)},
                     {{"size", size}, {"alpha", 0.5f}, {"beta", 0.4f}, {"bias", 2.0f}});
      check_operator("LRN", {seeded(1, x, -3, 3, DataType::Double)}, {{"size", size}});
      if (x.size() > 2) check_node(make_node("LRN", {{"size", size}}, 1), {seeded(1, x)}, 1, 1);
    }
}

TEST(Lrn, RefusesMalformedNodes) {
  expect_error(ErrorCode::MalformedModel, "size", [] { infer_op("LRN", {type_of({2, 3, 4})}); });
  expect_error(ErrorCode::MalformedModel, "size", [] {
    infer_op("LRN", {type_of({2, 3, 4})}, {{"size", std::int64_t{0}}});
  });
}

}  // namespace
}  // namespace keel::test
