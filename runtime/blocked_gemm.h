// Matrix products of floats with constant weights, on the convolution kernels: Y [M, N] = A [M, K] *
// B [K, N] is a 1x1 convolution of K channels to N over M pixels.
#pragma once

#include "runtime/op.h"

namespace keel {

struct GemmShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool trans_b = false;  // B is stored [N, K]
  float alpha = 1;       // goes into the weights
  float beta = 1;        // goes into the bias
};

// True where A (input 0) is plain and row-major, B (input 1) is a constant matrix, and the bias
// (input `bias`, may be absent) is a constant with one element or one a column.
bool is_blocked_gemm(const PrepareContext& context, const GemmShape& shape, std::size_t bias);

// Y = act(alpha * A * B + beta * bias); the node carries no residual.
Kernel prepare_blocked_gemm(const PrepareContext& context, const GemmShape& shape,
                            std::size_t bias);

}  // namespace keel
