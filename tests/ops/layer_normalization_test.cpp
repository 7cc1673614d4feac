// LayerNormalization against the oracle: every axis, broadcast parameters, extra outputs.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(LayerNormalization, MatchesOracle) {
  const Shape x = {3, 4, 5, 35};
  for (std::int64_t axis = -4; axis < 4; ++axis) {
    const Shape normalized(x.begin() + (axis < 0 ? axis + 4 : axis), x.end());
    for (DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
      const Tensor data = seeded(1, x, -3, 3, type), scale = seeded(2, normalized, -2, 2, type),
                   bias = seeded(3, normalized, -1, 1, type);
      const Attributes attributes{{"axis", axis}, {"epsilon", 1e-3f}};
      check_operator("LayerNormalization", {data, scale, bias}, attributes, {3});
      check_operator("LayerNormalization", {data, scale}, attributes);
    }
  }
  check_operator("LayerNormalization", {seeded(1, {197, 768}), seeded(2, {768}), seeded(3, {768})});
}

// Scale and B may vary along the axes in front, too.
TEST(LayerNormalization, BroadcastParameters) {
  const Tensor x = seeded(1, {3, 4, 5, 6}), one = make_tensor<float>({}, {1});
  for (const Shape& dims : {Shape{}, Shape{1}, Shape{6}, Shape{5, 1}, Shape{4, 1, 6},
                            Shape{3, 4, 1, 6}, Shape{1, 1, 1, 6}})
    for (std::int64_t axis : {3, 2, 1}) {
      const Tensor scale = seeded(2, dims), bias = seeded(3, dims);
      const Node node = make_node("LayerNormalization", {{"axis", axis}}, 2);
      const Tensor standard = oracle_of(node, {x, one})[0];
      const Tensor scaled = oracle_of(make_node("Mul", {}, 2), {standard, widened(scale)})[0];
      const Tensor want = oracle_of(make_node("Add", {}, 2), {scaled, widened(bias)})[0];
      expect_close(run_op("LayerNormalization", {x, scale, bias}, {{"axis", axis}})[0], want, 2e-6);
    }
}

TEST(LayerNormalization, LargeMean) {
  for (std::int64_t n : {5, 64, 1000})
    check_node(make_node("LayerNormalization", {}, 3),
               {seeded(1, {7, n}, 9999, 10001), seeded(2, {n}), seeded(3, {n})}, 0, 0, 1e-6);
}

TEST(LayerNormalization, InfersTypesAndShapes) {
  const auto outputs =
      infer_op("LayerNormalization",
               {type_of({-2, -3, 8}, DataType::Float16), type_of({8}, DataType::Float16)}, {}, 3);
  EXPECT_EQ(outputs[0].dims, (Shape{-2, -3, 8}));
  EXPECT_EQ(outputs[1].dims, (Shape{-2, -3, 1}));
  EXPECT_EQ(outputs[2].type, DataType::Float);
}

TEST(LayerNormalization, RefusesMalformedNodes) {
  const std::vector<TensorType> types = {type_of({2, 8}), type_of({8})};
  expect_error(ErrorCode::MalformedModel, "axis", [&] {
    infer_op("LayerNormalization", types, {{"axis", std::int64_t{2}}});
  });
  expect_error(ErrorCode::MalformedModel, "stash_type", [&] {
    infer_op("LayerNormalization", types, {{"stash_type", std::int64_t{7}}});
  });
  expect_error(ErrorCode::BadInput, "input 1", [] {
    infer_op("LayerNormalization", {type_of({2, 8}), type_of({7})});
  });
  expect_error(ErrorCode::MalformedModel, "rank", [] {
    infer_op("LayerNormalization", {type_of({2, 8}), type_of({1, 2, 8})});
  });
}

}  // namespace
}  // namespace keel::test
