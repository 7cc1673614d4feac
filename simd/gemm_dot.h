// Products of few rows with B transposed in memory: every element of C is the dot product of a row
// of A and a column of B, which both lie in one piece. B is read once, as floats where it lies or
// as the narrower weights of gemm_narrow.h. Such a product is bound by the memory that B lies in; 4
// columns at a time are streams enough to keep it busy, without prefetches, which cost a fifth
// there.
#pragma once

#include "simd/gemm.h"
#include "simd/gemm_narrow.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kDotColumns = kNarrowColumns;
// Sums, columns and one row's vector: 21 of the 32 registers of AVX-512, 13 of 16.
constexpr int kDotRows = kWidth == 16 ? 4 : 2;
// Lanes of 32 bits from the narrow weights in use to those that are fetched: 4 KiB.
constexpr int kNarrowAhead = 1024;

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

// Likewise, a group of narrow weights at a time. They are fetched ahead, beyond the end of a block
// into the next one: converting them leaves too few loads in flight to keep memory busy.
template <int Bytes, int Rows, int Columns>
KEEL_NOINLINE static void narrow_tile(const GemmArgs& g, std::int64_t row, std::int64_t column) {
  constexpr int kStep = narrow_step(Bytes);
  Vec acc[Rows][Columns], factor[Columns];
  KEEL_UNROLL for (int r = 0; r < Rows; r++) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) acc[r][j] = zero();
  }
  const float* a = g.a + row * g.a_row;
  const std::int32_t* b = g.narrow_b + block_of_column(g.k, column, Bytes);
  KEEL_UNROLL for (int j = 0; j < Columns; j++) {
    const auto* factors = reinterpret_cast<const float*>(b) + column % kNarrowColumns;
    factor[j] = Bytes == 3 ? broadcast(factors + j) : zero();
  }
  b += column_in_block(column, Bytes);
  const auto add_products = [&](const float* x, std::int64_t x_row) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) {
      Vec w[kGroupVecs];
      load_group<Bytes>(b + j * (Bytes * kWidth), factor[j], w);
      KEEL_UNROLL for (int v = 0; v < kGroupVecs; v++) {
        KEEL_UNROLL for (int r = 0; r < Rows; r++) {
          acc[r][j] = fma(load(x + r * x_row + v * kWidth), w[v], acc[r][j]);
        }
      }
    }
  };
  const std::int64_t left = g.k % kGroup;
  for (std::int64_t p = 0; p + kGroup <= g.k; p += kGroup) {
    KEEL_UNROLL for (int line = 0; line < kStep; line += kLine) {
      KEEL_PREFETCH_L1(b + kNarrowAhead + line);
    }
    add_products(a, g.a_row);
    a += kGroup;
    b += kStep;
  }
  if (left > 0) {
    float rest[Rows * kGroup];
    for (int r = 0; r < Rows; r++) {
      for (int i = 0; i < kGroup; i++) rest[r * kGroup + i] = i < left ? a[r * g.a_row + i] : 0.0f;
    }
    add_products(rest, kGroup);
  }
  KEEL_UNROLL for (int r = 0; r < Rows; r++) {
    KEEL_UNROLL for (int j = 0; j < Columns; j++) {
      g.c[(row + r) * g.c_row + column + j] = horizontal_add(acc[r][j]);
    }
  }
}

// Bytes of a weight of B: 4, or those of the narrow forms.
template <int Bytes, int Rows>
KEEL_INLINE void dot_columns(const GemmArgs& g, std::int64_t row, std::int64_t begin,
                             std::int64_t end) {
  const bool all = end - begin == kDotColumns;
  for (; begin < end; begin += all ? kDotColumns : 1) {
    if constexpr (Bytes == 4) {
      all ? dot_tile<Rows, kDotColumns>(g, row, begin) : dot_tile<Rows, 1>(g, row, begin);
    } else {
      all ? narrow_tile<Bytes, Rows, kDotColumns>(g, row, begin)
          : narrow_tile<Bytes, Rows, 1>(g, row, begin);
    }
  }
}

// Rows [row, row + rows), columns [begin, end) of C = A * B.
template <int Bytes>
KEEL_INLINE void dot_products(const GemmArgs& g, std::int64_t row, std::int64_t rows,
                              std::int64_t begin, std::int64_t end) {
  // Columns outside: those of B that one group of rows has read are in L2 for the next.
  for (std::int64_t j = begin; j < end; j += kDotColumns) {
    const std::int64_t last = j + kDotColumns < end ? j + kDotColumns : end;
    std::int64_t r = 0;
    for (; r + kDotRows <= rows; r += kDotRows) dot_columns<Bytes, kDotRows>(g, row + r, j, last);
    for (; r < rows; r++) dot_columns<Bytes, 1>(g, row + r, j, last);
  }
}

}  // namespace keel::simd::KEEL_TARGET
