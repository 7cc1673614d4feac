#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/tensor.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Attributes settings(const std::string& mode, const std::string& padding, std::int64_t align) {
  return {{"mode", mode}, {"padding_mode", padding}, {"align_corners", align}};
}

// Bilinear, as the definition reads, for one plane.
double bilinear(const Tensor& x, double u, double v, const std::string& padding, bool align) {
  const std::int64_t H = x.shape()[2], W = x.shape()[3];
  const auto pixel = [&](double coordinate, std::int64_t size) {
    const auto n = static_cast<double>(size);
    double p = align ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
    const double low = align ? 0 : -0.5, high = n - 1 - low;
    while (padding == "reflection" && high > low && (p < low || p > high))
      p = p < low ? 2 * low - p : 2 * high - p;
    if (padding != "zeros") p = std::clamp(p, 0.0, n - 1);
    return p;
  };
  const double px = pixel(u, W), py = pixel(v, H);
  double sum = 0;
  for (std::int64_t i = 0; i < H; ++i)
    for (std::int64_t j = 0; j < W; ++j) {
      const double wy = 1 - std::abs(py - static_cast<double>(i));
      const double wx = 1 - std::abs(px - static_cast<double>(j));
      if (wy > 0 && wx > 0) sum += wy * wx * static_cast<double>(x.data_as<float>()[i * W + j]);
    }
  return sum;
}

TEST(GridSample, BilinearAsDefined) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {1, 1, 5, 7});
  const Tensor grid = random_tensor(random, DataType::Float, {1, 20, 9, 2}, -2.5, 2.5);
  for (const char* padding : {"zeros", "border", "reflection"})
    for (std::int64_t align : {0, 1}) {
      const Tensor y = run_operator("GridSample", {x, grid}, settings("linear", padding, align))[0];
      ASSERT_EQ(y.shape(), (Shape{1, 1, 20, 9}));
      for (std::int64_t i = 0; i < y.size(); ++i)
        EXPECT_NEAR(y.data_as<float>()[i],
                    bilinear(x, grid.data_as<float>()[2 * i], grid.data_as<float>()[2 * i + 1],
                             padding, align != 0),
                    1e-5)
            << padding << " " << align << " " << i;
    }
}

// A grid that names every element gives the input back, whatever the interpolation.
TEST(GridSample, IdentityOfOneToThreeAxes) {
  Random random(1);
  for (const Shape& spatial : {Shape{6}, Shape{4, 5}, Shape{3, 4, 5}}) {
    Shape dims = {2, 3}, grid_dims = {2};
    dims.insert(dims.end(), spatial.begin(), spatial.end());
    grid_dims.insert(grid_dims.end(), spatial.begin(), spatial.end());
    const auto axes = static_cast<std::int64_t>(spatial.size());
    grid_dims.push_back(axes);
    for (std::int64_t align : {0, 1}) {
      Tensor grid(DataType::Double, grid_dims);
      for (std::int64_t i = 0; i < grid.size(); ++i) {
        std::int64_t rest = i / axes;
        for (std::int64_t k = 0; k < i % axes; ++k)
          rest /= spatial[static_cast<std::size_t>(axes - 1 - k)];
        const std::int64_t n = spatial[static_cast<std::size_t>(axes - 1 - i % axes)];
        const auto at = static_cast<double>(rest % n), size = static_cast<double>(n);
        grid.data_as<double>()[i] = align != 0 ? 2 * at / (size - 1) - 1 : (2 * at + 1) / size - 1;
      }
      const Tensor x = random_tensor(random, DataType::Double, dims);
      for (const char* mode : {"nearest", "linear", "cubic"})
        for (const char* padding : {"zeros", "border", "reflection"}) {
          const Tensor y = run_operator("GridSample", {x, grid}, settings(mode, padding, align))[0];
          for (std::int64_t i = 0; i < x.size(); ++i)
            EXPECT_NEAR(y.data_as<double>()[i], x.data_as<double>()[i], 1e-12);
        }
    }
  }
}

TEST(GridSample, HostilePositions) {
  const Tensor x = make_tensor<float>({1, 1, 1, 3}, {1, 2, 3});
  const Tensor grid =
      make_tensor<float>({1, 1, 5, 2}, {NAN, 0, INFINITY, -INFINITY, 1e30f, -1e30f, 0, NAN, 3, -7});
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (const char* padding : {"zeros", "border", "reflection"})
      for (std::int64_t align : {0, 1}) {
        const Tensor y = run_operator("GridSample", {x, grid}, settings(mode, padding, align))[0];
        for (std::int64_t i = 0; i < 5; ++i) {
          EXPECT_GE(y.data_as<float>()[i], 0) << mode << padding;
          EXPECT_LE(y.data_as<float>()[i], 3.5f) << mode << padding;
        }
      }
}

TEST(GridSample, RefusesWhatDoesNotFit) {
  const auto refused = [](const Shape& x, const Shape& grid, ErrorCode code, const char* fragment,
                          const Attributes& attributes = {}) {
    expect_error(code, fragment, [&] {
      run_operator("GridSample", {Tensor(DataType::Float, x), Tensor(DataType::Float, grid)},
                   attributes);
    });
  };
  refused({1, 1, 3, 3}, {1, 2, 2, 3}, ErrorCode::BadInput, "expected 2 coordinates");
  refused({1, 1, 3, 3}, {2, 2, 2, 2}, ErrorCode::BadInput, "expected a batch of 1");
  refused({1, 1, 0, 3}, {1, 2, 2, 2}, ErrorCode::BadInput, "nothing to sample");
  refused({1, 1, 3, 3}, {1, 2, 2}, ErrorCode::MalformedModel, "rank");
  refused({1, 1, 3, 3}, {1, 2, 2, 2}, ErrorCode::MalformedModel, "mode",
          {{"mode", std::string("sinc")}});
  refused({1, 1, 3, 3}, {1, 2, 2, 2}, ErrorCode::MalformedModel, "padding_mode",
          {{"padding_mode", std::string("wrap")}});
}

}  // namespace
}  // namespace keel::test
