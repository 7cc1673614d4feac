// Products of few rows with B transposed in memory: every element of C is the dot product of a row
// of A and a column of B, which both lie in one piece. B is read once, as it is: a model that
// multiplies by a large constant matrix neither copies nor rearranges it. Such a product is bound
// by the memory that B lies in; 4 columns at a time are streams
// enough to keep it busy, without prefetches, which cost a fifth there.
#pragma once

#include "simd/gemm.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kDotColumns = 4;
// Sums, columns and one row's vector: 21 of the 32 registers of AVX-512, 13 of 16.
constexpr int kDotRows = kWidth == 16 ? 4 : 2;

// The whole vectors first, then what is left of k in one of which the rest is zero.
template <int Rows, int Columns>
KEEL_NOINLINE static void dot_tile(const GemmArgs& g, std::int64_t row, std::int64_t column) {
  Vec acc[Rows][Columns];
  KEEL_UNROLL for (int r = 0; r < Rows; r++) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) acc[r][j] = zero();
  }
  const float* a = g.a + row * g.a_row;
  const float* b = g.b + column * g.b_column;
  const std::int64_t whole = g.k / kWidth * kWidth, left = g.k - whole;
  const auto add_products = [&](auto at) {
    Vec columns[Columns];
    KEEL_UNROLL for (int j = 0; j < Columns; j++) columns[j] = at(b + j * g.b_column);
    KEEL_UNROLL for (int r = 0; r < Rows; r++) {
      const Vec x = at(a + r * g.a_row);
      KEEL_UNROLL for (int j = 0; j < Columns; j++) acc[r][j] = fma(x, columns[j], acc[r][j]);
    }
  };
  for (std::int64_t p = 0; p < whole; p += kWidth) {
    add_products([=](const float* x) { return load(x + p); });
  }
  if (left > 0) add_products([=](const float* x) { return load_partial(x + whole, left); });
  KEEL_UNROLL for (int r = 0; r < Rows; r++) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) {
      g.c[(row + r) * g.c_row + column + j] = horizontal_add(acc[r][j]);
    }
  }
}

template <int Rows>
KEEL_INLINE void dot_columns(const GemmArgs& g, std::int64_t row, std::int64_t begin,
                             std::int64_t end) {
  for (; begin + kDotColumns <= end; begin += kDotColumns)
    dot_tile<Rows, kDotColumns>(g, row, begin);
  for (; begin < end; begin++) dot_tile<Rows, 1>(g, row, begin);
}

// Rows [row, row + rows), columns [begin, end) of C = A * B.
KEEL_INLINE void dot_products(const GemmArgs& g, std::int64_t row, std::int64_t rows,
                              std::int64_t begin, std::int64_t end) {
  // Columns outside: those of B that one group of rows has read are in L2 for the next.
  for (std::int64_t j = begin; j < end; j += kDotColumns) {
    const std::int64_t last = j + kDotColumns < end ? j + kDotColumns : end;
    std::int64_t r = 0;
    for (; r + kDotRows <= rows; r += kDotRows) dot_columns<kDotRows>(g, row + r, j, last);
    for (; r < rows; r++) dot_columns<1>(g, row + r, j, last);
  }
}

}  // namespace keel::simd::KEEL_TARGET
