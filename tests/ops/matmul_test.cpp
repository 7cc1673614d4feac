// MatMul against the oracle: vectors, batches, broadcasting, types, epilogues.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(MatMul, MatchesOracle) {
  const std::vector<std::pair<Shape, Shape>> rows = {
      {{5, 7}, {7, 9}},
      {{33, 64}, {64, 65}},
      {{1, 300}, {300, 40}},
      {{7}, {7}},
      {{7}, {7, 3}},
      {{4, 7}, {7}},
      {{7}, {2, 7, 3}},
      {{2, 3, 4, 7}, {7}},
      {{2, 3, 4, 7}, {2, 3, 7, 5}},
      {{2, 3, 4, 7}, {7, 33}},
      {{4, 7}, {2, 3, 7, 5}},
      {{2, 1, 4, 7}, {3, 7, 5}},
      {{3, 1, 1, 16}, {1, 2, 16, 48}},
      {{2, 0, 3}, {2, 3, 4}},
      {{2, 3, 0}, {2, 0, 4}},
  };
  std::uint64_t seed = 1;
  for (const auto& [a, b] : rows) {
    check_operator("MatMul", {seeded(seed++, a), seeded(seed++, b)});
    for (DataType type : {DataType::Double, DataType::Float16, DataType::Int32, DataType::Uint64})
      check_operator("MatMul", {seeded(seed++, a, 0, 9, type), seeded(seed++, b, 0, 9, type)});
  }
}

TEST(MatMul, Epilogue) {
  for (const Shape& b : {Shape{7, 20}, Shape{3, 7, 20}}) {
    Node node = make_node("MatMul", {}, 3);
    node.epilogue = {true, {simd::ActivationKind::Gelu}};
    check_node(node, {seeded(1, {3, 5, 7}), seeded(2, b), seeded(3, {3, 5, 20})}, 0, 0);
  }
}

TEST(MatMul, InfersSymbolicShapes) {
  EXPECT_EQ(infer_op("MatMul", {type_of({-2, -3, 64}), type_of({64, 32})})[0].dims,
            (Shape{-2, -3, 32}));
  EXPECT_EQ(infer_op("MatMul", {type_of({-2, -3}), type_of({-1})})[0].dims, (Shape{-2}));
}

TEST(MatMul, RefusesMalformedNodes) {
  expect_error(ErrorCode::BadInput, "does not match", [] {
    infer_op("MatMul", {type_of({2, 3}), type_of({4, 5})});
  });
  expect_error(ErrorCode::MalformedModel, "rank", [] {
    infer_op("MatMul", {type_of({}), type_of({4, 5})});
  });
  expect_error(ErrorCode::BadInput, "broadcast", [] {
    infer_op("MatMul", {type_of({2, 4, 5}), type_of({3, 5, 6})});
  });
  expect_error(ErrorCode::MalformedModel, "input 1", [] {
    infer_op("MatMul", {type_of({2, 3}), type_of({3, 5}, DataType::Double)});
  });
}

}  // namespace
}  // namespace keel::test
