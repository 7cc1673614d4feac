// A pointwise convolution goes before the Resize that makes its image larger, and the result stays
// what the oracle says.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/operators_after.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(34);
const Size kBatch = std::string("N");

// x [N, 20, 7, 5] -> Resize -> r -> Conv 1x1 -> c
ModelBuilder decoder(std::vector<float> scales, const Attributes& resize, std::int64_t channels) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 7, 5});
  m.constant("scales", make_tensor<float>({4}, std::move(scales)));
  m.constant("w", random_tensor(source, DataType::Float, {channels, 20, 1, 1}));
  m.constant("b", random_tensor(source, DataType::Float, {channels}));
  m.node("Resize", {"x", "", "scales"}, {"r"}, resize);
  m.node("Conv", {"r", "w", "b"}, {"c"});
  return m;
}

void check(const ModelBuilder& m, const Operators& expected) {
  EXPECT_EQ(operators_after(m.graph()), expected);
  check_graph(m.graph(), {{"x", random_tensor(source, DataType::Float, {2, 20, 7, 5})}}, 2e-5);
}

TEST(ConvBeforeResize, EveryModeOfEnlarging) {
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (const char* coordinates : {"half_pixel", "asymmetric", "align_corners"})
      for (std::int64_t exclude : {0, 1}) {
        if (exclude && std::string(mode) != "cubic") continue;
        SCOPED_TRACE(std::string(mode) + " " + coordinates);
        ModelBuilder m = decoder({1, 1, 2, 3},
                                 {{"mode", mode},
                                  {"coordinate_transformation_mode", coordinates},
                                  {"exclude_outside", exclude}},
                                 17);
        check(m.output("c"), {"Conv", "Resize"});
      }
}

TEST(ConvBeforeResize, WhatIsNotLinearStaysBehind) {
  ModelBuilder m = decoder({1, 1, 2, 2}, {{"mode", "linear"}}, 16);
  check(m.node("Relu", {"c"}, {"y"}).output("y"), {"Conv", "Resize", "Relu"});
}

TEST(ConvBeforeResize, OnlyWhereTheImageGrows) {
  check(decoder({1, 1, 0.5f, 0.5f}, {{"mode", "linear"}}, 16).output("c"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotToMoreChannels) {
  check(decoder({1, 1, 2, 2}, {{"mode", "linear"}}, 32).output("c"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotWhereChannelsAreResized) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 7, 5});
  m.constant("scales", make_tensor<float>({4}, {1, 2, 2, 2}));
  m.constant("w", random_tensor(source, DataType::Float, {16, 40, 1, 1}));
  m.node("Resize", {"x", "", "scales"}, {"r"}, {{"mode", "nearest"}});
  check(m.node("Conv", {"r", "w"}, {"c"}).output("c"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotWhereWhatLiesOutsideIsFilled) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 7, 5});
  m.constant("roi", make_tensor<float>({8}, {0, 0, -0.5f, -0.5f, 1, 1, 1.5f, 1.5f}));
  m.constant("scales", make_tensor<float>({4}, {1, 1, 2, 2}));
  m.constant("w", random_tensor(source, DataType::Float, {16, 20, 1, 1}));
  m.constant("b", random_tensor(source, DataType::Float, {16}));
  m.node("Resize", {"x", "roi", "scales"}, {"r"},
         {{"mode", "linear"},
          {"coordinate_transformation_mode", "tf_crop_and_resize"},
          {"extrapolation_value", 3.0f}});
  check(m.node("Conv", {"r", "w", "b"}, {"c"}).output("c"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotWhereSizesNameTheChannels) {
  ModelBuilder m;
  m.input("x", Sizes{2, 20, 7, 5});
  m.constant("sizes", make_tensor<std::int64_t>({4}, {2, 20, 14, 10}));
  m.constant("w", random_tensor(source, DataType::Float, {16, 20, 1, 1}));
  m.node("Resize", {"x", "", "", "sizes"}, {"r"}, {{"mode", "linear"}});
  check(m.node("Conv", {"r", "w"}, {"c"}).output("c"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotWhereTheLargeImageIsUsedToo) {
  ModelBuilder m = decoder({1, 1, 2, 2}, {{"mode", "linear"}}, 16);
  check(m.output("c").output("r"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotALargerKernel) {
  ModelBuilder m;
  m.input("x", Sizes{kBatch, 20, 7, 5});
  m.constant("scales", make_tensor<float>({4}, {1, 1, 2, 2}));
  m.constant("v", random_tensor(source, DataType::Float, {16, 20, 3, 3}));
  m.node("Resize", {"x", "", "scales"}, {"r"}, {{"mode", "linear"}});
  check(m.node("Conv", {"r", "v"}, {"d"}).output("d"), {"Resize", "Conv"});
}

TEST(ConvBeforeResize, NotWhenStrict) {
  Options options;
  options.precision = Precision::Strict;
  const ModelBuilder m = decoder({1, 1, 2, 2}, {{"mode", "linear"}}, 16).output("c");
  EXPECT_EQ(operators_after(m.graph(), options), (Operators{"Resize", "Conv"}));
}

}  // namespace
}  // namespace keel::test
