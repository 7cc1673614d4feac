// Products of matrices by plans of convolutions against their formula in double.
#pragma once

#include <functional>

#include "simd/conv.h"

namespace keel::simd::test {

// Y [m][n] = relu(A [m][k] B + bias + residual), B [k][n] or transposed.
ConvShape matrix_product(std::int64_t m, std::int64_t n, std::int64_t k);

// Runs the plans for 1, 2 and 5 threads, chunks with NaN in the scratch, every matrix by rows at
// odd addresses with guards around; expects errors within `tolerance` of the size that the sums
// have, and the same bits of all. bfloat16: A and B hold values of bfloat16.
void check_matrix_product(const ConvShape& shape, const std::function<ConvPlan(int threads)>& plan,
                          bool bfloat16, double tolerance);

}  // namespace keel::simd::test
