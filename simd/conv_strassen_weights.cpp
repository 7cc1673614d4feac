#include "simd/conv_strassen_weights.h"

#include <vector>

namespace keel::simd {

StrassenWeights::StrassenWeights(const ConvShape& shape, int panel_blocks)
    : c_(shape.c),
      k_(shape.k),
      by_input_(shape.by_input),
      half_(shape.c / kConvBlock / 2),
      k_half_(ceil_div(shape.k, kConvBlock) / 2),
      panel_blocks_(panel_blocks) {}

void StrassenWeights::pack(const float* W, float* packed) const {
  const std::int64_t h = half_channels(), r = rest_channels();
  std::vector<float> gathered(static_cast<std::size_t>(c_ * 2 * panel_blocks_ * kConvBlock));
  for (std::int64_t panel = 0; panel < panels(); panel++) {
    const std::int64_t columns = panel_blocks(panel) * kConvBlock, pitch = 2 * columns;
    const std::int64_t k1 = panel_begin(panel) * kConvBlock;
    gather_columns(W, k1, columns, gathered.data());
    gather_columns(W, k1 + k_half_ * kConvBlock, columns, gathered.data() + columns);
    // `rows` rows of value(a1, a2, b1, b2): of channel c of the first half of the input channels,
    // and of the second, the columns of either half of the output channels.
    const auto emit = [&](std::int64_t first, std::int64_t rows, auto&& value) {
      for (std::int64_t i = first; i < first + rows; i++) {
        const float* a = &gathered[static_cast<std::size_t>(i * pitch)];
        const float* b = first == 0 ? a + h * pitch : a;
        for (std::int64_t k = 0; k < columns; k++) {
          *packed++ = static_cast<float>(
              value(static_cast<double>(a[k]), static_cast<double>(a[k + columns]),
                    static_cast<double>(b[k]), static_cast<double>(b[k + columns])));
        }
      }
    };
    const auto first = [](double a1, double, double, double) { return a1; };
    const auto second = [](double, double a2, double, double) { return a2; };
    using D = double;
    emit(0, h, first);                                                               // A11
    emit(h, h + r, first);                                                           // [A12 A1r]
    emit(0, h, [](D a11, D a21, D, D a22) { return a21 + a22 - a11; });              // S2
    emit(0, h, [](D, D a21, D, D a22) { return a21 + a22; });                        // S1
    emit(0, h, [](D a11, D a21, D, D) { return a11 - a21; });                        // S3
    emit(h, h, [](D, D a22, D, D) { return -a22; });                                 // -A22
    emit(2 * h, r, second);                                                          // A2r
    emit(0, h, [](D a11, D a21, D a12, D a22) { return a12 - (a21 + a22 - a11); });  // S4
    emit(2 * h, r, first);                                                           // A1r
    emit(2 * h, r, second);                                                          // A2r
  }
}

// Column j of `gathered`, whose rows are 2 * columns apart, becomes output channel k + j.
void StrassenWeights::gather_columns(const float* W, std::int64_t k, std::int64_t columns,
                                     float* gathered) const {
  if (by_input_) {
    const std::int64_t real = std::clamp<std::int64_t>(k_ - k, 0, columns);
    for (std::int64_t c = 0; c < c_; c++, gathered += 2 * columns) {
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
      for (std::int64_t i = c; i < end; i++) {
        gathered[i * 2 * columns + j] = exists ? from[i] : 0.0f;
      }
    }
  }
}

}  // namespace keel::simd
