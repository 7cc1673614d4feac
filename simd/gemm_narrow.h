// A constant B in fewer bytes than floats have, for the dot products of gemm_dot.h, which wait for
// memory.
//
// - 2 bytes: bfloat16, rounded to nearest even; what would become infinite is cut off instead, NaN
//   stays NaN.
// - 3 bytes: integers times a power of two, the smallest for which all of their column have 24
// bits.
//   They err by half of that at most, and by 2^-17 of the mean magnitude of their column: a column
//   with few large weights is refused, so is one that is not finite. Of evenly distributed weights
//   the error is that of a float.
//
// A column is a row of groups of 4 vectors of weights, the last filled up with zeros. A group is
// two or three vectors of integers, of which no lane has to move when they become floats:
//
//   words   weights of vector 0 (lower half of the lane) and 1: their upper 16 bits
//   words   likewise vector 2 and 3
//   bytes   the next 8 bits of all four, vector 0 in the lowest byte
//
// Four columns are a block, groups in turns, and where weights have 3 bytes a line before them
// holds the factors of the columns.
#pragma once

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kGroupVecs = 4;
constexpr int kGroup = kGroupVecs * kWidth;

constexpr int kNarrowColumns = 4;

constexpr int kLine = 64 / sizeof(std::int32_t);

// Lanes of 32 bits: from one group of a block to the next; before the first; of a block.
KEEL_INLINE constexpr int narrow_step(int bytes) { return kNarrowColumns * bytes * kWidth; }
KEEL_INLINE constexpr int narrow_head(int bytes) { return bytes == 3 ? kLine : 0; }
KEEL_INLINE std::int64_t narrow_block(std::int64_t k, int bytes) {
  return narrow_head(bytes) + (k + kGroup - 1) / kGroup * narrow_step(bytes);
}

// Where the block of column j begins, and the first group of that column in it.
KEEL_INLINE std::int64_t block_of_column(std::int64_t k, std::int64_t j, int bytes) {
  return j / kNarrowColumns * narrow_block(k, bytes);
}
KEEL_INLINE constexpr std::int64_t column_in_block(std::int64_t j, int bytes) {
  return narrow_head(bytes) + j % kNarrowColumns * (bytes * kWidth);
}

KEEL_INLINE IVec rounded_to_bf16(Vec x) {
  const IVec upper = iset1(static_cast<std::int32_t>(0xffff0000u)), exponent = iset1(0x7f800000);
  const IVec bits = bitcast(x);
  const IVec odd = shift_right<16>(bits) & iset1(1);
  const IVec rounded = (bits + iset1(0x7fff) + odd) & upper;
  const IVec kept = select(is_nan(x), bits | iset1(0x00400000), bits) & upper;
  return select((rounded & exponent) == exponent, kept,
                select((bits & exponent) == exponent, kept, rounded));
}

// `factor` makes integers of 24 bits of the weights.
template <int Bytes>
KEEL_INLINE void store_group(const float* x, float factor, std::int32_t* to) {
  const IVec high = iset1(static_cast<std::int32_t>(0xffff0000u)), low = iset1(0xffff);
  IVec w[kGroupVecs];
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v++) {
    const Vec weights = load(x + v * kWidth);
    if constexpr (Bytes == 2) {
      w[v] = rounded_to_bf16(weights);
    } else {
      const Vec largest = set1(0x1p23f - 1);
      w[v] = shift_left<8>(round_to_int(min(weights * set1(factor), largest)));
    }
  }
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v += 2) {
    istore(to + v / 2 * kWidth, (shift_right<16>(w[v]) & low) | (w[v + 1] & high));
  }
  if constexpr (Bytes == 3) {
    const IVec byte = iset1(0xff00);
    istore(to + 2 * kWidth, (shift_right<8>(w[0] & byte) | (w[1] & byte)) |
                                (shift_left<8>(w[2] & byte) | shift_left<16>(w[3] & byte)));
  }
}

// `factor`: that of the column, in every lane; of bfloat16 there is none.
template <int Bytes>
KEEL_INLINE void load_group(const std::int32_t* from, Vec factor, Vec (&w)[kGroupVecs]) {
  const IVec high = iset1(static_cast<std::int32_t>(0xffff0000u));
  IVec bits[kGroupVecs];
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v += 2) {
    const IVec words = iload(from + v / 2 * kWidth);
    bits[v] = shift_left<16>(words);
    bits[v + 1] = words & high;
  }
  if constexpr (Bytes == 3) {
    const IVec byte = iset1(0xff00), bytes = iload(from + 2 * kWidth);
    bits[0] = bits[0] | (shift_left<8>(bytes) & byte);
    bits[1] = bits[1] | (bytes & byte);
    bits[2] = bits[2] | (shift_right<8>(bytes) & byte);
    bits[3] = bits[3] | (shift_right<16>(bytes) & byte);
  }
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v++) {
    w[v] = Bytes == 3 ? to_float(bits[v]) * factor : bitcast(bits[v]);
  }
}

// e in [-126, 127].
KEEL_INLINE float power_of_two(int e) {
  const std::int32_t bits = (e + 127) << 23;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// The exponent e of a column's integers, which are weights / 2^e; false where it is refused.
KEEL_INLINE bool find_exponent(const float* b, std::int64_t row, std::int64_t k, int& e) {
  Vec largest = zero(), sum = zero();
  std::int64_t p = 0;
  if (row == 1) {
    for (; p + kWidth <= k; p += kWidth) {
      const Vec x = abs(load(b + p));
      largest = max(largest, x);
      sum += x;
    }
  }
  float most = horizontal_max(largest), total = horizontal_add(sum);
  for (; p < k; p++) {
    const float x = b[p * row] < 0 ? -b[p * row] : b[p * row];
    most = most < x ? x : most;
    total += x;
  }
  // most < 2^exponent. Very small weights lose bits instead of the factors becoming denormal.
  std::int32_t bits;
  __builtin_memcpy(&bits, &most, sizeof bits);
  const int exponent = (bits >> 23) - 126 > -90 ? (bits >> 23) - 126 : -90;
  e = exponent - 23;
  const float half = power_of_two(e - 1);
  // NaN and infinities: not true.
  return total == 0 ||
         (total < __builtin_inff() && half * static_cast<float>(k) <= total * 0x1p-17f);
}

// Columns [begin, end) of B(p, j) = b[p * row + j * column]. False where one is refused.
template <int Bytes>
KEEL_NOINLINE static bool narrow_columns(const float* b, std::int64_t row, std::int64_t column,
                                         std::int64_t k, std::int64_t begin, std::int64_t end,
                                         std::int32_t* packed) {
  // Where rows lie in one piece, neighbouring columns share the lines that are read.
  constexpr std::int64_t kSharing = 16;
  const std::int64_t block = row == 1 ? kNarrowColumns : kSharing;
  for (std::int64_t first = begin; first < end; first += block) {
    const std::int64_t last = first + block < end ? first + block : end;
    float factors[kSharing];
    for (std::int64_t j = first; Bytes == 3 && j < last; j++) {
      int e = 0;
      if (!find_exponent(b + j * column, row, k, e)) return false;
      factors[j - first] = power_of_two(-e);
      // The integers are the upper bits of their lanes.
      const float factor = power_of_two(e - 8);
      __builtin_memcpy(packed + block_of_column(k, j, Bytes) + j % kNarrowColumns, &factor,
                       sizeof factor);
    }
    for (std::int64_t p = 0; p < k; p += kGroup) {
      const std::int64_t n = k - p < kGroup ? k - p : kGroup;
      for (std::int64_t j = first; j < last; j++) {
        const float* from = b + p * row + j * column;
        std::int32_t* to = packed + block_of_column(k, j, Bytes) + column_in_block(j, Bytes) +
                           p / kGroup * narrow_step(Bytes);
        const float factor = Bytes == 3 ? factors[j - first] : 1.0f;
        if (row == 1 && n == kGroup) {
          store_group<Bytes>(from, factor, to);
          continue;
        }
        float gathered[kGroup];
        for (std::int64_t i = 0; i < kGroup; i++) gathered[i] = i < n ? from[i * row] : 0.0f;
        store_group<Bytes>(gathered, factor, to);
      }
    }
  }
  return true;
}

}  // namespace keel::simd::KEEL_TARGET
