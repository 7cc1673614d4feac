// Products of float matrices, one or many, on the kernels of simd/gemm.h: packs B once per model
// where it is constant and else once per run, and spreads the chunks of all products over threads.
#pragma once

#include "runtime/op.h"
#include "simd/gemm.h"

namespace keel {

// Which matrix of an operand belongs to product number i of `dims`: the sum of the indices times
// these steps; 0 along axes where it is repeated.
struct BatchSteps {
  Shape dims, a, b;
  void find(std::int64_t i, std::int64_t& at_a, std::int64_t& at_b) const;
};

// Y = activation(alpha * A * B + beta * addend + residual), for each product. Matrices of one
// operand lie one behind the other; Y and the residual are dense.
struct FloatProduct {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t a_row = 0, a_column = 1;  // steps in A from row to row, column to column
  std::int64_t b_row = 0, b_column = 1;
  std::int64_t products = 1, b_matrices = 1;
  BatchSteps steps;  // read where products > 1
  float alpha = 1, beta = 1;
  std::int64_t addend_row = 0, addend_column = 0;
  simd::Activation activation = {};
};

// Bits that a weight of B is kept in: 16 where results may be those of bfloat16, 20 where they are
// to be near those of float, or 32, which is B as it is. Narrow are large constant matrices that
// few rows are multiplied by; where 20 bits would not do for these weights, they stay floats.
int product_weight_bits(const PrepareContext& context, const FloatProduct& product,
                        std::size_t b_input);

// What a kernel's run needs: prepare with the index of input B, then run.
class PreparedProduct {
 public:
  PreparedProduct(const PrepareContext& context, const FloatProduct& product, std::size_t b_input);

  // Name, work and scratch; `run` is left to the caller.
  Kernel kernel() const;

  // addend, residual: null for none.
  void run(RunContext& context, const float* a, const float* b, const float* addend,
           const float* residual, float* y) const;

 private:
  bool narrow_b(const PrepareContext& context, int bits);
  const float* packed_b(RunContext& context, const float* b) const;
  void pack_panels(const float* b, std::int64_t matrix, std::int64_t begin, std::int64_t end,
                   float* packed) const;

  FloatProduct product_;
  const simd::KernelTable* kernels_;
  std::size_t b_input_;
  std::shared_ptr<const Tensor> constant_b_;
  bool direct_b_ = false, dot_b_ = false;  // B is read where it is, by rows; by columns
  int narrow_bits_ = 0;                    // of a weight where constant_b_ is narrow, else 0
  std::int64_t panels_ = 0, packed_size_ = 0;
  std::size_t shared_bytes_ = 0, thread_bytes_ = 0;
};

}  // namespace keel
