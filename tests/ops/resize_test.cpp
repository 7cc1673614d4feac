// Resize against the oracle: modes, coordinates, axes, policies, types, layouts; refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

const char* const kModes[] = {"nearest", "linear", "cubic"};

Tensor floats(const std::vector<float>& values) {
  return make_tensor<float>({static_cast<std::int64_t>(values.size())}, values);
}
Tensor ints(const std::vector<std::int64_t>& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

const CheckOptions kConstants{1, 0, 1};

void check_resize(const Tensor& x, const Tensor& scales, const Tensor& sizes,
                  const Attributes& attributes, const Tensor& roi = {}) {
  SCOPED_TRACE(std::get<std::string>(attributes.at("mode")));
  check_operator("Resize", {x, roi, scales, sizes}, attributes, kConstants);
}

TEST(Resize, CoordinatesAndModes) {
  const Tensor x = seeded(1, {1, 2, 5, 7});
  for (const char* mode : kModes)
    for (const char* coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                    "align_corners", "asymmetric"}) {
      SCOPED_TRACE(coordinates);
      Attributes attributes{{"mode", std::string(mode)},
                            {"coordinate_transformation_mode", std::string(coordinates)}};
      check_resize(x, floats({1, 1, 2, 2}), {}, attributes);
      check_resize(x, floats({1, 1, 0.6f, 1.7f}), {}, attributes);
      check_resize(x, {}, ints({1, 2, 3, 11}), attributes);
      check_resize(x, {}, ints({1, 2, 10, 21}), attributes);
      attributes["exclude_outside"] = std::int64_t{1};
      check_resize(x, {}, ints({1, 2, 3, 11}), attributes);
      if (mode == std::string("nearest")) continue;
      attributes["antialias"] = std::int64_t{1};
      check_resize(x, {}, ints({1, 2, 3, 11}), attributes);
    }
}

TEST(Resize, NearestModes) {
  const Tensor x = seeded(1, {1, 2, 5, 7});
  for (const char* nearest : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})
    for (const Tensor& scales :
         {floats({1, 1, 2, 2}), floats({1, 1, 0.5f, 0.4f}), floats({1, 3, 1, 2.5f})})
      check_resize(x, scales, {},
                   {{"mode", std::string("nearest")}, {"nearest_mode", std::string(nearest)}});
}

TEST(Resize, CropAndExtrapolation) {
  const Tensor x = seeded(1, {1, 2, 5, 7});
  for (const char* mode : kModes) {
    Attributes attributes{{"mode", std::string(mode)},
                          {"coordinate_transformation_mode", std::string("tf_crop_and_resize")},
                          {"extrapolation_value", 10.0f}};
    check_resize(x, {}, ints({1, 2, 4, 3}), attributes,
                 floats({0, 0, 0.4f, 0.6f, 1, 1, 0.9f, 0.8f}));
    check_resize(x, {}, ints({1, 2, 4, 3}), attributes,
                 floats({0, 0, 0.4f, -0.6f, 1, 1, 1.9f, 0.8f}));
    attributes["axes"] = Ints{3, 2};
    check_resize(x, {}, ints({4, 3}), attributes, floats({0.4f, -0.6f, 1.2f, 0.8f}));
  }
}

TEST(Resize, AxesAndPolicies) {
  const Tensor x = seeded(1, {1, 2, 5, 7});
  for (const char* mode : kModes)
    for (const char* policy : {"stretch", "not_larger", "not_smaller"}) {
      const Attributes attributes{{"mode", std::string(mode)},
                                  {"axes", Ints{-1, 2}},
                                  {"keep_aspect_ratio_policy", std::string(policy)}};
      check_resize(x, {}, ints({9, 6}), attributes);
      check_resize(x, {}, ints({4, 8}), attributes);
    }
}

TEST(Resize, EveryRankAndType) {
  for (const char* mode : kModes) {
    const Attributes attributes{{"mode", std::string(mode)}};
    check_resize(seeded(1, {9}), floats({2.5f}), {}, attributes);
    check_resize(seeded(1, {2, 3, 9}), floats({1, 1, 2}), {}, attributes);
    check_resize(seeded(1, {2, 3, 4, 3, 5}), floats({1, 1, 2, 1.5f, 2}), {}, attributes);
    check_resize(seeded(1, {2, 3, 4}), floats({2, 0.5f, 2}), {}, attributes);
    for (DataType type : {DataType::Double, DataType::Float16, DataType::Int8, DataType::Uint8,
                          DataType::Int32, DataType::Int64, DataType::Uint16})
      check_resize(seeded(1, {1, 2, 5, 7}, 0, 100, type), floats({1, 1, 2, 0.7f}), {}, attributes);
  }
}

TEST(Resize, EveryLayout) {
  for (const char* mode : kModes)
    for (const Shape& x : {Shape{2, 19, 5, 7}, Shape{1, 32, 6, 6}, Shape{1, 3, 9}})
      for (float scale : {2.0f, 0.7f}) {
        std::vector<float> scales(x.size(), scale);
        scales[0] = scales[1] = 1;
        const Node node = make_node("Resize", {{"mode", std::string(mode)}}, 3, 1, {1});
        check_node(node, {seeded(1, x), Tensor(), floats(scales)}, 1, 1);
      }
}

TEST(Resize, ValuesKnownOnlyDuringTheRun) {
  const Tensor x = seeded(1, {1, 2, 5, 7});
  for (const char* mode : kModes) {
    const Attributes attributes{{"mode", std::string(mode)}};
    check_operator("Resize", {x, {}, floats({1, 1, 2, 3})}, attributes, {1, 0, 4});
    check_operator("Resize", {x, {}, {}, ints({1, 2, 8, 3})}, attributes, {1, 0, 4});
  }
}

TEST(Resize, InfersSymbolicShapes) {
  const auto infer = [](const Tensor& scales, const Tensor& sizes) {
    const Node node =
        make_node("Resize", {}, 4, 1,
                  scales.empty() ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{1, 3});
    InferContext context(node, {{type_of({-2, 3, -3, 10}), nullptr},
                                {},
                                {type_of({4}), scales.empty() ? nullptr : &scales},
                                {type_of({4}, DataType::Int64), sizes.empty() ? nullptr : &sizes}});
    op_of(node).infer(context);
    return context.outputs()[0].dims;
  };
  EXPECT_EQ(infer(floats({1, 1, 2, 2}), {}), (Shape{-2, 3, -1, 20}));
  EXPECT_EQ(infer({}, ints({4, 3, 20, 7})), (Shape{4, 3, 20, 7}));
}

TEST(Resize, RefusesBadValues) {
  const Tensor x = seeded(1, {1, 2, 4});
  const float inf = std::numeric_limits<float>::infinity();
  for (float bad : {0.0f, -1.0f, inf, std::nanf("")})
    expect_error(ErrorCode::BadInput, "scales", [&] {
      run_op("Resize", {x, {}, floats({1, 1, bad})});
    });
  expect_error(ErrorCode::BadInput, "scales", [&] { run_op("Resize", {x, {}, floats({1, 1})}); });
  expect_error(ErrorCode::BadInput, "sizes", [&] {
    run_op("Resize", {x, {}, {}, ints({1, 2, -4})});
  });
  expect_error(ErrorCode::ResourceLimit, "", [&] {
    run_op("Resize", {x, {}, floats({1, 1, 3e38f})});
  });
  const auto malformed = [&](const std::string& name, BuilderAttribute value) {
    expect_error(ErrorCode::MalformedModel, name, [&] {
      run_op("Resize", {x, {}, floats({1, 1, 2})}, {{name, std::move(value)}});
    });
  };
  malformed("mode", std::string("sharp"));
  malformed("nearest_mode", std::string("up"));
  malformed("coordinate_transformation_mode", std::string("pixel"));
  malformed("axes", Ints{0, 0, 1});
  malformed("axes", Ints{0, 1, 3});
  expect_error(ErrorCode::MalformedModel, "scales", [&] { run_op("Resize", {x}); });
  expect_error(ErrorCode::MalformedModel, "both", [&] {
    run_op("Resize", {x, {}, floats({1, 1, 2}), ints({1, 2, 8})});
  });
}

}  // namespace
}  // namespace keel::test
