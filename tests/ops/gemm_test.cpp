// Gemm against the oracle: transposes, factors, every shape of C, types, epilogues.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

Attributes attributes_of(bool trans_a, bool trans_b, float alpha, float beta) {
  return {{"transA", std::int64_t{trans_a}},
          {"transB", std::int64_t{trans_b}},
          {"alpha", alpha},
          {"beta", beta}};
}

Shape flipped(bool flip, std::int64_t rows, std::int64_t columns) {
  return flip ? Shape{columns, rows} : Shape{rows, columns};
}

struct Sizes3 {
  std::int64_t m, n, k;
};

TEST(Gemm, MatchesOracle) {
  std::uint64_t seed = 1;
  for (const auto& [m, n, k] : {Sizes3{1, 10, 17}, Sizes3{5, 33, 64}, Sizes3{7, 1, 3},
                                Sizes3{40, 65, 300}, Sizes3{2, 3, 0}})
    for (int flip = 0; flip < 4; ++flip) {
      const Tensor a = seeded(seed++, flipped(flip & 1, m, k));
      const Tensor b = seeded(seed++, flipped(flip & 2, k, n));
      const Tensor c = seeded(seed++, {n});
      check_operator("Gemm", {a, b, c}, attributes_of(flip & 1, flip & 2, 1, 1));
      check_operator("Gemm", {a, b, c}, attributes_of(flip & 1, flip & 2, 0.5f, -2));
      check_operator("Gemm", {a, b}, attributes_of(flip & 1, flip & 2, 2, 1));
    }
}

TEST(Gemm, EveryShapeOfC) {
  const Tensor a = seeded(1, {6, 20}), b = seeded(2, {20, 35});
  for (const Shape& dims :
       {Shape{}, Shape{1}, Shape{35}, Shape{1, 1}, Shape{1, 35}, Shape{6, 1}, Shape{6, 35}})
    for (float beta : {0.0f, 1.0f, 0.25f})
      check_operator("Gemm", {a, b, seeded(3, dims)}, attributes_of(false, false, 1.5f, beta));
}

TEST(Gemm, Types) {
  for (DataType type : {DataType::Double, DataType::Float16, DataType::Int32, DataType::Int64,
                        DataType::Uint32, DataType::Uint64}) {
    const double low = type == DataType::Uint32 || type == DataType::Uint64 ? 0 : -9;
    check_operator("Gemm",
                   {seeded(1, {3, 8}, low, 9, type), seeded(2, {5, 8}, low, 9, type),
                    seeded(3, {5}, low, 9, type)},
                   attributes_of(false, true, 1, 1));
  }
  // Integers wrap around.
  const Tensor large = make_tensor<std::int32_t>({1, 1}, {1 << 20});
  check_operator("Gemm", {large, large});
}

TEST(Gemm, Epilogue) {
  const Tensor a = seeded(1, {6, 20}), b = seeded(2, {20, 35}), c = seeded(3, {35});
  Node node = make_node("Gemm", {}, 4);
  node.epilogue = {true, {simd::ActivationKind::Relu}};
  check_node(node, {a, b, c, seeded(4, {6, 35})}, 0, 0);
  node = make_node("Gemm", {{"alpha", 2.0f}}, 3);
  node.epilogue = {false, {simd::ActivationKind::Sigmoid}};
  check_node(node, {a, b, c}, 0, 0);
}

// Large enough, where B is constant, for Strassen's product.
TEST(Gemm, LargeConstantB) {
  const Tensor a = seeded(1, {45, 144}), b = seeded(2, {144, 160}), bt = seeded(2, {160, 144});
  CheckOptions options;
  options.nme = 1e-5;
  options.constants_from = 1;
  check_operator("Gemm", {a, b}, {}, options);
  check_operator("Gemm", {a, b, seeded(3, {160})}, {}, options);
  check_operator("Gemm", {a, bt, seeded(3, {160})}, {{"transB", std::int64_t{1}}}, options);
  check_operator("Gemm", {a, b, seeded(3, {45, 160})}, {}, options);
  check_operator("Gemm", {a, b, seeded(3, {160})}, {{"beta", 0.5f}}, options);
}

TEST(Gemm, InfersSymbolicShapes) {
  EXPECT_EQ(infer_op("Gemm", {type_of({-2, 20}), type_of({20, 35})})[0].dims, (Shape{-2, 35}));
  EXPECT_EQ(
      infer_op("Gemm", {type_of({20, -2}), type_of({-3, 20})}, attributes_of(true, true, 1, 1))[0]
          .dims,
      (Shape{-2, -3}));
}

TEST(Gemm, RefusesMalformedNodes) {
  expect_error(ErrorCode::BadInput, "do not multiply", [] {
    infer_op("Gemm", {type_of({2, 3}), type_of({4, 5})});
  });
  expect_error(ErrorCode::MalformedModel, "rank", [] {
    infer_op("Gemm", {type_of({2, 3, 4}), type_of({4, 5})});
  });
  expect_error(ErrorCode::BadInput, "input 2", [] {
    infer_op("Gemm", {type_of({2, 3}), type_of({3, 5}), type_of({4})});
  });
  expect_error(ErrorCode::MalformedModel, "rank", [] {
    infer_op("Gemm", {type_of({2, 3}), type_of({3, 5}), type_of({1, 2, 5})});
  });
  expect_error(ErrorCode::Unsupported, "int8", [] {
    infer_op("Gemm", {type_of({2, 3}, DataType::Int8), type_of({3, 5}, DataType::Int8)});
  });
}

}  // namespace
}  // namespace keel::test
