// Products of few rows with B transposed in memory: every element of C is the dot product of a row
// of A and a column of B, which both lie in one piece. B is read once, as floats where it lies or
// as the narrower weights of gemm_narrow.h. Such a product is bound by the memory that B lies in,
// which is busiest without prefetches: they cost a fifth with floats, of which 4 columns at a time
// are streams enough, and up to a third with narrow weights.
#pragma once

#include "simd/gemm.h"
#include "simd/gemm_narrow.h"
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

// Likewise, a group of narrow weights at a time.
template <int Bits, int Rows, int Columns>
KEEL_NOINLINE static void narrow_tile(const GemmArgs& g, std::int64_t row, std::int64_t column) {
  using N = Narrow<Bits>;
  Vec acc[Rows][Columns];
  KEEL_UNROLL for (int r = 0; r < Rows; r++) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) acc[r][j] = zero();
  }
  const float* a = g.a + row * g.a_row;
  const std::int32_t* b = g.narrow_b + N::block_of(g.k, column);
  float rest[Rows * N::kGroup];  // of A, behind its whole groups
  const std::int64_t left = g.k % N::kGroup, whole = g.k - left;
  for (int r = 0; r < Rows; r++) {
    for (int i = 0; left > 0 && i < N::kGroup; i++)
      rest[r * N::kGroup + i] = i < left ? a[r * g.a_row + whole + i] : 0.0f;
  }
  for (std::int64_t p = 0; p < g.k; p += N::kGroup) {
    const float* x = p < whole ? a + p : rest;
    const std::int64_t x_row = p < whole ? g.a_row : N::kGroup;
    const auto* factors = reinterpret_cast<const float*>(b) + column % kNarrowColumns;
    KEEL_UNROLL for (int j = 0; j < Columns; j++) {
      Vec w[N::kVecs];
      const Vec factor = N::kRest > 0 ? broadcast(factors + j) : zero();
      load_group<Bits>(b + N::group_of(column + j), factor, w);
      KEEL_UNROLL for (int v = 0; v < N::kVecs; v++) {
        KEEL_UNROLL for (int r = 0; r < Rows; r++) {
          acc[r][j] = fma(load(x + r * x_row + v * kWidth), w[v], acc[r][j]);
        }
      }
    }
    b += N::kStep;
  }
  KEEL_UNROLL for (int r = 0; r < Rows; r++) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) {
      g.c[(row + r) * g.c_row + column + j] = horizontal_add(acc[r][j]);
    }
  }
}

// Bits of a weight of B: 32, or those of the narrow forms.
template <int Bits, int Rows, int Columns>
KEEL_INLINE void dot_columns(const GemmArgs& g, std::int64_t row, std::int64_t begin,
                             std::int64_t end) {
  const bool all = end - begin == Columns;
  for (; begin < end; begin += all ? Columns : 1) {
    if constexpr (Bits == 32) {
      all ? dot_tile<Rows, Columns>(g, row, begin) : dot_tile<Rows, 1>(g, row, begin);
    } else {
      all ? narrow_tile<Bits, Rows, Columns>(g, row, begin)
          : narrow_tile<Bits, Rows, 1>(g, row, begin);
    }
  }
}

// Rows [row, row + rows), columns [begin, end) of C = A * B.
template <int Bits>
KEEL_INLINE void dot_products(const GemmArgs& g, std::int64_t row, std::int64_t rows,
                              std::int64_t begin, std::int64_t end) {
  constexpr int kColumns = Bits == 32 ? kDotColumns : kNarrowColumns;
  // Columns outside: those of B that one group of rows has read are in L2 for the next.
  for (std::int64_t j = begin; j < end; j += kColumns) {
    const std::int64_t last = j + kColumns < end ? j + kColumns : end;
    std::int64_t r = 0;
    for (; r + kDotRows <= rows; r += kDotRows)
      dot_columns<Bits, kDotRows, kColumns>(g, row + r, j, last);
    for (; r < rows; r++) dot_columns<Bits, 1, kColumns>(g, row + r, j, last);
  }
}

}  // namespace keel::simd::KEEL_TARGET
