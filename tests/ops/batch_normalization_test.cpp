// BatchNormalization against the oracle: shapes, layouts, epilogues, training, mixed types.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

std::vector<Tensor> inputs_of(const Shape& x, const Shape& parameters,
                              DataType type = DataType::Float,
                              DataType parameter_type = DataType::Float) {
  return {seeded(1, x, -3, 3, type), seeded(2, parameters, -2, 2, parameter_type),
          seeded(3, parameters, -1, 1, parameter_type),
          seeded(4, parameters, -1, 1, parameter_type),
          seeded(5, parameters, 0.1, 3, parameter_type)};
}

const Shape kShapes[] = {{2, 19, 5, 7}, {1, 64, 8, 8}, {3, 33, 10},    {1, 5, 3, 4, 2},
                         {4, 37},       {2, 16, 1, 1}, {1, 3, 40, 50}, {0, 3, 4, 4}};

TEST(BatchNormalization, MatchesOracle) {
  for (const Shape& x : kShapes) {
    check_operator("BatchNormalization", inputs_of(x, {x[1]}), {{"epsilon", 1e-3f}});
    check_operator("BatchNormalization", inputs_of(x, {x[1]}, DataType::Double, DataType::Double));
    check_operator("BatchNormalization", inputs_of(x, {x[1]}, DataType::Float16));
  }
  check_operator("BatchNormalization", inputs_of({9}, {1}));
}

TEST(BatchNormalization, Training) {
  for (const Shape& x : kShapes) {
    if (x[0] == 0) continue;
    const Attributes attributes{{"training_mode", std::int64_t{1}}, {"momentum", 0.7f}};
    check_operator("BatchNormalization", inputs_of(x, {x[1]}), attributes, {3});
    check_operator("BatchNormalization", inputs_of(x, {x[1]}, DataType::Double, DataType::Double),
                   attributes, {3});
    if (x.size() > 2)
      check_node(make_node("BatchNormalization", attributes, 5, 3), inputs_of(x, {x[1]}), 1, 1);
  }
}

TEST(BatchNormalization, EveryLayoutAndEpilogue) {
  const simd::Activation activations[] = {
      {}, {simd::ActivationKind::Relu}, {simd::ActivationKind::Swish, 1.0f}};
  for (const Shape& x : kShapes) {
    if (x[0] == 0) continue;
    const std::uint64_t blocked = x.size() > 2 ? 1 : 0;
    for (const simd::Activation& activation : activations) {
      Node node = make_node("BatchNormalization", {}, 5);
      node.epilogue.activation = activation;
      std::vector<Tensor> inputs = inputs_of(x, {x[1]});
      check_node(node, inputs, blocked, blocked);
      node = make_node("BatchNormalization", {}, 6);
      node.epilogue = {true, activation};
      inputs.push_back(seeded(6, x));
      check_node(node, inputs, blocked | blocked << 5, blocked);
    }
  }
}

TEST(BatchNormalization, OldFormsAndMixedTypes) {
  const Attributes not_spatial{{"spatial", std::int64_t{0}}};
  check_operator("BatchNormalization", inputs_of({2, 3, 4, 5}, {3, 4, 5}), not_spatial);
  // Extra outputs of opset < 14 in inference are the statistics used.
  const auto inputs = inputs_of({2, 3, 4}, {3});
  const auto got = run_op("BatchNormalization", inputs, {}, 5);
  for (std::size_t i : {1, 3}) expect_same(got[i], inputs[3]);
  for (std::size_t i : {2, 4}) expect_same(got[i], inputs[4]);
  check_operator("BatchNormalization",
                 inputs_of({2, 3, 4}, {3}, DataType::Float, DataType::Double));
  check_operator("BatchNormalization",
                 inputs_of({2, 3, 4}, {3}, DataType::Double, DataType::Float));
  check_operator("BatchNormalization",
                 inputs_of({2, 3, 4}, {3}, DataType::Float16, DataType::Float16));
}

// A mean that is large beside the deviation must not cost accuracy.
TEST(BatchNormalization, LargeMean) {
  const Shape x = {1, 2, 9, 9};
  const std::vector<Tensor> inputs = {
      seeded(1, x, 9999, 10001), make_tensor<float>({2}, {1, 2}), make_tensor<float>({2}, {0, 1}),
      make_tensor<float>({2}, {1e4f, 1e4f}), make_tensor<float>({2}, {0.3f, 0.3f})};
  check_node(make_node("BatchNormalization", {}, 5), inputs, 1, 1, 1e-6);
}

TEST(BatchNormalization, NegativeVarianceRuns) {
  auto inputs = inputs_of({1, 1, 2}, {1});
  inputs[4] = make_tensor<float>({1}, {-1});
  EXPECT_TRUE(std::isnan(run_op("BatchNormalization", inputs)[0].data_as<float>()[0]));
}

TEST(BatchNormalization, RefusesMalformedNodes) {
  const TensorType c = type_of({3});
  EXPECT_EQ(infer_op("BatchNormalization", {type_of({-2, 3, -3}), c, c, c, c})[0].dims,
            (Shape{-2, 3, -3}));
  expect_error(ErrorCode::BadInput, "input 3", [&] {
    infer_op("BatchNormalization", {type_of({2, 3, 4}), c, c, type_of({4}), c});
  });
  expect_error(ErrorCode::MalformedModel, "input 4", [&] {
    infer_op("BatchNormalization", {type_of({2, 3, 4}), c, c, c});
  });
  expect_error(ErrorCode::MalformedModel, "epsilon", [&] {
    infer_op("BatchNormalization", {type_of({2, 3, 4}), c, c, c, c},
             {{"epsilon", std::string("small")}});
  });
}

}  // namespace
}  // namespace keel::test
