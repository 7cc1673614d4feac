#include "simd/conv_phases.h"

#include <algorithm>

namespace keel::simd {
namespace {

// One row of one channel, to lanes 0 and 1 of `to`.
void gather_row(const float* x, std::int64_t width, std::int64_t column, std::int64_t columns,
                float* to) {
  const auto value = [&](std::int64_t i) { return i >= 0 && i < width ? x[i] : 0.0f; };
  std::int64_t j = 0;
  const auto edge = [&](std::int64_t end) {
    for (; j < end; j++, to += kConvBlock) {
      to[0] = value(column + 2 * j);
      to[1] = value(column + 2 * j + 1);
    }
  };
  edge(std::clamp<std::int64_t>(ceil_div(-column, 2), 0, columns));
  const std::int64_t inside = std::min((width - column) / 2, columns);
  for (; j < inside; j++, to += kConvBlock) std::copy_n(x + column + 2 * j, 2, to);
  edge(columns);
}

}  // namespace

void gather_phases(const ConvShape& shape, const float* x, std::int64_t row, std::int64_t column,
                   std::int64_t rows, std::int64_t columns, float* to) {
  const std::int64_t height = shape.in[1], width = shape.in[2];
  for (std::int64_t i = 0; i < rows; i++, to += columns * kConvBlock) {
    for (std::int64_t lane = 0; lane < shape.c * kPhases; lane += 2) {
      const std::int64_t y = row + 2 * i + lane / 2 % 2;
      const bool outside = y < 0 || y >= height;
      const float* from = outside ? x : x + (lane / kPhases * height + y) * width;
      gather_row(from, outside ? 0 : width, column, columns, to + lane);
    }
  }
}

void gather_phase_weights(const ConvShape& shape, const float* W, std::int64_t k, float* to) {
  const std::int64_t height = shape.kernel[1], width = shape.kernel[2];
  const std::int64_t taps = ceil_div(width, 2), size = ceil_div(height, 2) * taps;
  const std::int64_t inputs = shape.c * height * width;  // of a feature
  std::fill(to, to + shape.c * kPhases * size * kConvBlock, 0.0f);
  for (std::int64_t lane = 0; lane < std::min(kConvBlock, shape.k - k); lane++) {
    const float* w = W + (k + lane) * inputs;
    for (std::int64_t i = 0; i < inputs; i++) {
      const std::int64_t row = i / width % height, column = i % width;
      const std::int64_t phase = i / (height * width) * kPhases + row % 2 * 2 + column % 2;
      to[(phase * size + row / 2 * taps + column / 2) * kConvBlock + lane] = w[i];
    }
  }
}

}  // namespace keel::simd
