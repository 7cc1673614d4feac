// Attention by the tiles of a matrix product, as many rows at a time as a tile has. Their scores
// lie as strips of a packed A do, kDepth keys each: the one product leaves them there, in L1 they
// become weights, and the other product reads them.
//
// `Products` says what is multiplied, floats (attention_float.h) or bfloat16 (attention_bf16.h):
//
// - columns: how many a tile takes where so many are left, in whole panels.
// - panel: the one that begins with this column of a packed B.
// - take: n floats of each row, in strips, become what `multiply` reads.
// - take_weights: the same for the weights of one row; returns the sum of what they became.
// - multiply: C = A * B of one tile, A in strips; the columns behind `wanted` are padding.
#pragma once

#include "simd/attention.h"
#include "simd/gemm_strips.h"
#include "simd/kernel.h"
#include "simd/vec_math.h"

namespace keel::simd::KEEL_TARGET {

// At most kRows rows of Y, and scratch: Q in strips, the scores in strips, a tile of results.
struct AttentionRows {
  std::int64_t row;
  int rows;
  float *q, *scores, *tile;
};

// scale * Q into strips.
KEEL_INLINE void pack_queries(const AttentionArgs& a, const AttentionRows& rows) {
  const Vec scale = set1(a.scale);
  for (int r = 0; r < rows.rows; r++) {
    const float* from = a.q + (rows.row + r) * a.q_row;
    for (std::int64_t p = 0; p < a.depth;) {
      float* to = rows.q + p / kDepth * kStripFloats + r * kStrip + p % kDepth;
      if (a.q_column == 1 && a.depth - p >= kWidth) {
        KEEL_PREFETCH_L2(from + p + kNextHead);
        store(to, load(from + p) * scale);
        p += kWidth;
      } else {
        *to = from[p * a.q_column] * a.scale;
        p++;
      }
    }
  }
}

template <class Products>
KEEL_INLINE void score(const AttentionArgs& a, const AttentionRows& rows) {
  for (std::int64_t k = 0; k < a.keys;) {
    const std::int64_t columns = Products::columns(rows.rows, a.keys - k);
    Products::multiply(rows.q, rows.rows, Products::panel(a.k, a.depth, k), a.depth, columns,
                       a.keys - k, rows.scores + k / kDepth * kStripFloats + k % kDepth, kStrip);
    k += columns;
  }
}

// Adds the mask to a strip of one row; puts -infinity behind its last key, so that the rest of a
// vector weighs nothing.
KEEL_INLINE void mask_keys(float* x, std::int64_t keys, const float* mask, bool varies) {
  for (std::int64_t j = 0; j < keys && mask != nullptr; j += kWidth) {
    const std::int64_t left = keys - j;
    const Vec m = !varies          ? set1(*mask)
                  : left >= kWidth ? load(mask + j)
                                   : load_partial(mask + j, left);
    store(x + j, load(x + j) + m);
  }
  store(x + keys, set1(-kInfinity));
}

// The largest score of a row. NaN is passed over: the exponentials find it.
KEEL_INLINE float largest_score(const float* scores, std::int64_t keys) {
  Vec largest = set1(-kInfinity);
  for (std::int64_t k = 0; k < keys; k += kDepth, scores += kStripFloats) {
    const std::int64_t n = smaller(keys - k, kDepth);
    for (std::int64_t j = 0; j < n; j += kWidth) largest = max(load(scores + j), largest);
  }
  return horizontal_max(largest);
}

// Scores of a row become e^(score - shift); returns their sum. The product with log2(e) is rounded,
// which shows in small weights alone.
KEEL_INLINE float weigh(float* scores, std::int64_t keys, float shift) {
  const Vec s = set1(shift);
  Vec total = zero();
  for (std::int64_t k = 0; k < keys; k += kDepth, scores += kStripFloats) {
    const std::int64_t n = smaller(keys - k, kDepth);
    Vec sum = zero();
    for (std::int64_t j = 0; j < n; j += kWidth) {
      const Vec weight = exp2(max(set1(-150.0f), (load(scores + j) - s) * set1(kLog2e)));
      store(scores + j, weight);
      sum += weight;
    }
    total += sum;
  }
  return horizontal_add(total);
}

// Y = factors * weights * V
template <class Products>
KEEL_INLINE void sum_values(const AttentionArgs& a, const AttentionRows& rows,
                            const float* factors) {
  for (std::int64_t j = 0; j < a.columns;) {
    const std::int64_t columns = Products::columns(rows.rows, a.columns - j);
    Products::multiply(rows.scores, rows.rows, Products::panel(a.v, a.keys, j), a.keys, columns,
                       a.columns - j, rows.tile, columns);
    const std::int64_t n = smaller(a.columns - j, columns);
    for (int r = 0; r < rows.rows; r++) {
      const float* from = rows.tile + r * columns;
      float* to = a.y + (rows.row + r) * a.y_row + j;
      for (std::int64_t i = 0; i < n; i += kWidth) {
        const Vec y = load(from + i) * set1(factors[r]);
        n - i >= kWidth ? store(to + i, y) : store_partial(to + i, y, n - i);
      }
    }
    j += columns;
  }
}

template <class Products>
KEEL_NOINLINE static void attend_rows(const AttentionArgs& a, const AttentionRows& rows) {
  pack_queries(a, rows);
  Products::take(rows.q, rows.rows, a.depth);
  score<Products>(a, rows);
  for (int r = 0; r < rows.rows; r++) {
    const float* mask = a.mask + (rows.row + r) * a.mask_row;
    for (std::int64_t k = 0; k < a.keys; k += kDepth) {
      mask_keys(rows.scores + k / kDepth * kStripFloats + r * kStrip, smaller(a.keys - k, kDepth),
                a.mask != nullptr ? mask + k * a.mask_column : nullptr, a.mask_column != 0);
    }
  }
  float largest[kRows], factors[kRows];
  for (int r = 0; r < rows.rows; r++) {
    largest[r] = largest_score(rows.scores + r * kStrip, a.keys);
  }
  for (int r = 0; r < rows.rows; r++) {
    float* weights = rows.scores + r * kStrip;
    const float sum = Products::take_weights(weights, a.keys, weigh(weights, a.keys, largest[r]));
    factors[r] = a.keys > 0 ? 1.0f / sum : 0.0f;
  }
  sum_values<Products>(a, rows, factors);
}

KEEL_INLINE std::int64_t strips_of(std::int64_t columns) {
  return (columns + kDepth - 1) / kDepth * kStripFloats;
}

KEEL_INLINE std::int64_t attention_scratch_of(std::int64_t depth, std::int64_t keys) {
  return strips_of(depth) + strips_of(keys) + kRows * kPanel;
}

template <class Products>
KEEL_INLINE void attend_all(const AttentionArgs& a, float* scratch) {
  AttentionRows rows;
  rows.q = scratch;
  rows.scores = rows.q + strips_of(a.depth);
  rows.tile = rows.scores + strips_of(a.keys);
  const std::int64_t count = (a.rows + kRows - 1) / kRows;
  for (std::int64_t i = 0; i < count; i++) {
    rows.row = a.rows * i / count;
    rows.rows = static_cast<int>(a.rows * (i + 1) / count - rows.row);
    attend_rows<Products>(a, rows);
  }
}

}  // namespace keel::simd::KEEL_TARGET
