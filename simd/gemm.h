// Matrix products of float: C = activation(alpha * A * B + beta * addend + residual).
//
// B is packed into panels of columns first: constant weights once per model, others per run. The
// product is cut into chunks that the caller spreads over threads; every element of C is summed in
// the same order whatever the chunk, so neither threads nor chunks show in the result.
#pragma once

#include <cstdint>

#include "simd/activation.h"
#include "simd/attention.h"

namespace keel::simd {

struct GemmArgs {
  std::int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;  // A(i, p) = a[i * a_row + p * a_column]
  std::int64_t a_row = 0, a_column = 1;
  // As pack_b left it; or, where one of these is > 0, B itself: see `run`.
  const float* b = nullptr;
  std::int64_t b_row = 0, b_column = 0;
  // As pack_narrow left it, in so many bits a weight; null: b is read.
  const std::int32_t* narrow_b = nullptr;
  int narrow_bits = 0;
  float* c = nullptr;  // C(i, j) = c[i * c_row + j]
  std::int64_t c_row = 0;
  float alpha = 1.0f;
  // addend(i, j) = addend[i * addend_row + j * addend_column], column stride 0 or 1; null: none. A
  // bias per column has strides 0 and 1.
  const float* addend = nullptr;
  std::int64_t addend_row = 0, addend_column = 0;
  float beta = 1.0f;
  const float* residual = nullptr;  // residual(i, j) = residual[i * residual_row + j]; null: none
  std::int64_t residual_row = 0;
  Activation activation = {};
};

struct GemmKernels {
  // Columns of a panel of packed B: [ceil(n/panel)][k][panel], missing columns 0.
  std::int64_t panel;
  // Floats of packed B.
  std::int64_t (*packed_b_size)(std::int64_t k, std::int64_t n);
  // Packs the panels [begin, end). B(p, j) = b[p * row + j * column]; one of the strides is 1.
  void (*pack_b)(const float* b, std::int64_t row, std::int64_t column, std::int64_t k,
                 std::int64_t n, std::int64_t begin, std::int64_t end, float* packed);

  // B in 16 or 20 bits a weight, see gemm_narrow.h: int32s of it, and the packing of its columns
  // [begin, end), false where one is refused. Strides as above. Every narrow_columns columns
  // are a block, one behind the other.
  std::int64_t narrow_columns;
  std::int64_t (*narrow_b_size)(std::int64_t k, std::int64_t n, int bits);
  bool (*pack_narrow)(const float* b, std::int64_t row, std::int64_t column, std::int64_t k,
                      std::int64_t begin, std::int64_t end, int bits, std::int32_t* packed);

  // How many chunks a product of this shape falls into; 0 where C is empty.
  std::int64_t (*chunks)(std::int64_t m, std::int64_t n, std::int64_t k);
  // Floats of scratch, 64-byte aligned, that one call of `run` needs; at most 1 MiB.
  std::int64_t (*scratch_size)(std::int64_t m, std::int64_t n, std::int64_t k);
  // Computes one chunk of C, contents of the scratch undefined before and after. B may be unpacked,
  // which is right for few rows, where packing would cost more than the product:
  //   b_row > 0, up to 6 rows:     B(p, j) = b[p * b_row + j];
  //   b_column > 0, up to 8 rows:  B(p, j) = b[j * b_column + p], and a_column = 1;
  // or narrow, up to 8 rows, and a_column = 1.
  // k = 0 gives a product of zeros.
  void (*run)(const GemmArgs& args, std::int64_t chunk, float* scratch);

  // Floats of scratch, 64-byte aligned, that `attend` needs.
  std::int64_t (*attention_scratch)(std::int64_t depth, std::int64_t keys);
  void (*attend)(const AttentionArgs& args, float* scratch);
};

}  // namespace keel::simd
