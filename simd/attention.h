// Attention of a block of rows: Y = softmax(scale * Q * K + mask) * V. A row's weights are taken
// relative to the largest and divided by their sum at the very end, in Y.
#pragma once

#include <cstdint>

namespace keel::simd {

struct AttentionArgs {
  std::int64_t rows = 0, depth = 0, keys = 0, columns = 0;  // Q [rows, depth], V [keys, columns]
  const float* q = nullptr;                                 // Q(i, p) = q[i * q_row + p * q_column]
  std::int64_t q_row = 0, q_column = 0;
  const void *k = nullptr, *v = nullptr;  // K [depth, keys] and V, packed: by GemmKernels::pack_b
                                          // or Bf16AttentionKernels::pack
  float scale = 1.0f;
  const float* mask = nullptr;  // [rows, keys], column stride 0 or 1; null: none
  std::int64_t mask_row = 0, mask_column = 0;
  float* y = nullptr;  // Y(i, j) = y[i * y_row + j]
  std::int64_t y_row = 0;
};

// With operands of both products (scale * Q, K; the weights, V) rounded to bfloat16, sums in float.
// A row's weights are divided by the sum of what they were rounded to.
struct Bf16AttentionKernels {
  const char* unit;  // null: this instruction set has none, and nothing else here is set
  // Bytes of a packed B, a multiple of 64.
  std::int64_t (*packed_size)(std::int64_t depth, std::int64_t columns);
  // B(p, j) = b[p * row + j * column]; `to` 64-byte aligned.
  void (*pack)(const float* b, std::int64_t row, std::int64_t column, std::int64_t depth,
               std::int64_t columns, void* to);
  // Floats of scratch, 64-byte aligned, that `attend` needs.
  std::int64_t (*scratch)(std::int64_t depth, std::int64_t keys);
  void (*attend)(const AttentionArgs& args, float* scratch);
};

}  // namespace keel::simd
