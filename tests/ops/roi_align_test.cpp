#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

// x[0, c, i, j] = c * 100 + i * 10 + j, on which bilinear samples and their means are exact.
Tensor ramp(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Tensor x(DataType::Float, {1, channels, height, width});
  for (std::int64_t k = 0; k < x.size(); ++k)
    x.data_as<float>()[k] =
        static_cast<float>(k / (height * width) * 100 + k / width % height * 10 + k % width);
  return x;
}

std::vector<Tensor> inputs(const Tensor& x, const std::vector<float>& box, std::int64_t batch = 0) {
  return {x, make_tensor<float>({1, 4}, box), make_tensor<std::int64_t>({1}, {batch})};
}

TEST(RoiAlign, MeanOfARampIsItsValueInTheMiddle) {
  for (std::int64_t samples : {0, 1, 2, 3})
    for (const char* mode : {"half_pixel", "output_half_pixel"}) {
      const Tensor y = run_operator("RoiAlign", inputs(ramp(2, 8, 9), {2, 1, 6, 5}),
                                    {{"output_height", std::int64_t{2}},
                                     {"output_width", std::int64_t{4}},
                                     {"sampling_ratio", samples},
                                     {"coordinate_transformation_mode", std::string(mode)}})[0];
      ASSERT_EQ(y.shape(), (Shape{1, 2, 2, 4}));
      const double offset = std::string(mode) == "half_pixel" ? 0.5 : 0;
      for (std::int64_t k = 0; k < y.size(); ++k) {
        const double row = 1 - offset + static_cast<double>(k / 4 % 2) * 2 + 1;
        const double column = 2 - offset + static_cast<double>(k % 4) + 0.5;
        EXPECT_NEAR(y.data_as<float>()[k], static_cast<double>(k / 8) * 100 + row * 10 + column,
                    1e-4);
      }
    }
}

TEST(RoiAlign, NothingOutsideOfThePlane) {
  const Tensor y = run_operator("RoiAlign", inputs(ramp(1, 4, 4), {50, 50, 60, 60}))[0];
  EXPECT_EQ(y.data_as<float>()[0], 0);
}

TEST(RoiAlign, RefusesHostileRegions) {
  const Tensor x = ramp(1, 4, 4);
  const auto refused = [](const std::vector<Tensor>& in, ErrorCode code, const char* fragment,
                          const Attributes& attributes = {}) {
    expect_error(code, fragment, [&] { run_operator("RoiAlign", in, attributes); });
  };
  refused(inputs(x, {0, 0, 1, 1}, 1), ErrorCode::BadInput, "batch_indices: 1");
  refused(inputs(x, {0, 0, 1, 1}, -1), ErrorCode::BadInput, "batch_indices: -1");
  refused(inputs(x, {0, 0, 1e30f, 1}), ErrorCode::BadInput, "too large");
  refused(inputs(x, {0, 0, NAN, 1}), ErrorCode::BadInput, "too large");
  refused(inputs(Tensor(DataType::Float, {1, 1, 0, 4}), {0, 0, 1, 1}), ErrorCode::BadInput,
          "nothing to sample");
  for (const char* name : {"output_height", "output_width", "sampling_ratio"})
    refused(inputs(x, {0, 0, 1, 1}), ErrorCode::MalformedModel, name, {{name, std::int64_t{-1}}});
  refused(inputs(x, {0, 0, 1, 1}), ErrorCode::ResourceLimit, "",
          {{"output_height", INT64_MAX}, {"output_width", INT64_MAX}});
}

}  // namespace
}  // namespace keel::test
