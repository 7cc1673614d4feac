#include "simd/conv_strassen_weights.h"

namespace keel::simd {

StrassenWeights::StrassenWeights(const ConvShape& shape, int panel_blocks)
    : c_(shape.c),
      k_(shape.k),
      by_input_(shape.by_input),
      half_(shape.c / kConvBlock / 2),
      k_half_(ceil_div(shape.k, kConvBlock) / 2),
      panel_blocks_(panel_blocks) {}

void StrassenWeights::pack(const float* W, float* packed) const {
  for (std::int64_t panel = 0; panel < panels(); panel++) {
    const std::int64_t columns = panel_blocks(panel) * kConvBlock;
    const std::int64_t k = panel_begin(panel) * kConvBlock;
    float* to = packed + panel_offset(panel);
    gather_columns(W, k, columns, to);
    float* second = to + c_ * columns;
    gather_columns(W, k + k_half_ * kConvBlock, columns, second);
    float* a22 = second + half_channels() * columns;
    for (std::int64_t i = 0; i < half_channels() * columns; i++) a22[i] = -a22[i];
  }
}

// gathered[channel][j] becomes the weight of output channel k + j.
void StrassenWeights::gather_columns(const float* W, std::int64_t k, std::int64_t columns,
                                     float* gathered) const {
  if (by_input_) {
    const std::int64_t real = std::clamp<std::int64_t>(k_ - k, 0, columns);
    for (std::int64_t c = 0; c < c_; c++, gathered += columns) {
      std::copy_n(W + c * k_ + k, real, gathered);
      std::fill(gathered + real, gathered + columns, 0.0f);
    }
    return;
  }
  constexpr std::int64_t kRun = 16;  // of one line of W, while those of all columns are in L1
  for (std::int64_t c = 0; c < c_; c += kRun) {
    const std::int64_t end = std::min(c + kRun, c_);
    for (std::int64_t j = 0; j < columns; j++) {
      const bool exists = k + j < k_;
      const float* from = W + (exists ? k + j : 0) * c_;
      for (std::int64_t i = c; i < end; i++) gathered[i * columns + j] = exists ? from[i] : 0.0f;
    }
  }
}

}  // namespace keel::simd
