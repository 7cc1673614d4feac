// GlobalAveragePool, GlobalMaxPool, GlobalLpPool against the oracle.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

const char* const kOps[] = {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"};

TEST(GlobalPool, MatchesOracle) {
  for (const Shape& dims : {Shape{2, 19, 7, 7}, Shape{1, 3, 17, 13}, Shape{1, 40, 31},
                            Shape{1, 16, 3, 4, 5}, Shape{3, 5, 1, 1}, Shape{0, 5, 2, 2}})
    for (const char* op : kOps) {
      check_operator(op, {seeded(3, dims)});
      check_operator(op, {seeded(3, dims, -1, 1, DataType::Double)});
      if (dims[0] > 0) check_node(make_node(op, {}, 1), {seeded(3, dims)}, 1, 1);
    }
  for (std::int64_t p : {1, 3}) check_operator("GlobalLpPool", {seeded(3, {2, 3, 9})}, {{"p", p}});
}

TEST(GlobalPool, InfersSymbolicShapes) {
  for (const char* op : kOps)
    EXPECT_EQ(infer_op(op, {type_of({-2, -3, -1, 9})})[0].dims, (Shape{-2, -3, 1, 1}));
}

TEST(GlobalPool, RefusesMalformedNodes) {
  expect_error(ErrorCode::MalformedModel, "rank", [] {
    infer_op("GlobalMaxPool", {type_of({2, 3})});
  });
  expect_error(ErrorCode::MalformedModel, "'p'", [] {
    infer_op("GlobalLpPool", {type_of({2, 3, 4})}, {{"p", std::int64_t{0}}});
  });
}

}  // namespace
}  // namespace keel::test
