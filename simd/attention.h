// Attention of a block of rows: Y = softmax(scale * Q * K + mask) * V. A row's weights are taken
// relative to the largest and divided by their sum at the very end, in Y.
#pragma once

#include <cstdint>

namespace keel::simd {

struct AttentionArgs {
  std::int64_t rows = 0, depth = 0, keys = 0, columns = 0;  // Q [rows, depth], V [keys, columns]
  const float* q = nullptr;                                 // Q(i, p) = q[i * q_row + p * q_column]
  std::int64_t q_row = 0, q_column = 0;
  const float *k = nullptr, *v = nullptr;  // K [depth, keys] and V as GemmKernels::pack_b left them
  float scale = 1.0f;
  const float* mask = nullptr;  // [rows, keys], column stride 0 or 1; null: none
  std::int64_t mask_row = 0, mask_column = 0;
  float* y = nullptr;  // Y(i, j) = y[i * y_row + j]
  std::int64_t y_row = 0;
};

}  // namespace keel::simd
