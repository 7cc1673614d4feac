// A constant B in fewer bytes than floats have, for the dot products of gemm_dot.h, which wait for
// memory: two bytes, bfloat16, or three, of which 15 bits are mantissa (a relative error of 2^-17
// at most). Rounded to nearest even; what would become infinite is cut off instead, NaN stays NaN.
//
// A column is a row of groups of 4 vectors of weights, the last filled up with zeros. A group is
// two or three vectors of integers, of which no lane has to move when they become floats:
//
//   words   weights of vector 0 (lower half of the lane) and 1: their upper 16 bits
//   words   likewise vector 2 and 3
//   bytes   the next 8 bits of all four, vector 0 in the lowest byte
#pragma once

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kGroupVecs = 4;
constexpr int kGroup = kGroupVecs * kWidth;

constexpr int kNarrowColumns = 4;

// Lanes of 32 bits: from one group of a block to the next; of a block.
KEEL_INLINE constexpr int narrow_step(int bytes) { return kNarrowColumns * bytes * kWidth; }
KEEL_INLINE std::int64_t narrow_block(std::int64_t k, int bytes) {
  return (k + kGroup - 1) / kGroup * narrow_step(bytes);
}
// Where column j begins.
KEEL_INLINE std::int64_t narrow_column(std::int64_t k, std::int64_t j, int bytes) {
  return j / kNarrowColumns * narrow_block(k, bytes) + j % kNarrowColumns * (bytes * kWidth);
}

// The upper 8 * Bytes bits of x, rounded; the others are 0.
template <int Bytes>
KEEL_INLINE IVec rounded_upper(Vec x) {
  constexpr int kCut = 32 - 8 * Bytes;
  const IVec upper = iset1(-(1 << kCut)), exponent = iset1(0x7f800000);
  const IVec bits = bitcast(x);
  const IVec odd = shift_right<kCut>(bits) & iset1(1);
  const IVec rounded = (bits + iset1((1 << (kCut - 1)) - 1) + odd) & upper;
  const IVec kept = select(is_nan(x), bits | iset1(0x00400000), bits) & upper;
  return select((rounded & exponent) == exponent, kept,
                select((bits & exponent) == exponent, kept, rounded));
}

template <int Bytes>
KEEL_INLINE void store_group(const float* x, std::int32_t* to) {
  const IVec high = iset1(static_cast<std::int32_t>(0xffff0000u)), low = iset1(0xffff);
  IVec w[kGroupVecs];
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v++) w[v] =
      rounded_upper<Bytes>(load(x + v * kWidth));
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v += 2) {
    istore(to + v / 2 * kWidth, (shift_right<16>(w[v]) & low) | (w[v + 1] & high));
  }
  if constexpr (Bytes == 3) {
    const IVec byte = iset1(0xff00);
    istore(to + 2 * kWidth, (shift_right<8>(w[0] & byte) | (w[1] & byte)) |
                                (shift_left<8>(w[2] & byte) | shift_left<16>(w[3] & byte)));
  }
}

template <int Bytes>
KEEL_INLINE void load_group(const std::int32_t* from, Vec (&w)[kGroupVecs]) {
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
  KEEL_UNROLL for (int v = 0; v < kGroupVecs; v++) w[v] = bitcast(bits[v]);
}

// Columns [begin, end) of B(p, j) = b[p * row + j * column].
template <int Bytes>
KEEL_NOINLINE static void narrow_columns(const float* b, std::int64_t row, std::int64_t column,
                                         std::int64_t k, std::int64_t begin, std::int64_t end,
                                         std::int32_t* packed) {
  // Where rows lie in one piece, neighbouring columns share the lines that are read.
  const std::int64_t block = row == 1 ? kNarrowColumns : 16;
  for (std::int64_t first = begin; first < end; first += block) {
    const std::int64_t last = first + block < end ? first + block : end;
    for (std::int64_t p = 0; p < k; p += kGroup) {
      const std::int64_t n = k - p < kGroup ? k - p : kGroup;
      for (std::int64_t j = first; j < last; j++) {
        const float* from = b + p * row + j * column;
        std::int32_t* to = packed + narrow_column(k, j, Bytes) + p / kGroup * narrow_step(Bytes);
        if (row == 1 && n == kGroup) {
          store_group<Bytes>(from, to);
          continue;
        }
        float gathered[kGroup];
        for (std::int64_t i = 0; i < kGroup; i++) gathered[i] = i < n ? from[i * row] : 0.0f;
        store_group<Bytes>(gathered, to);
      }
    }
  }
}

}  // namespace keel::simd::KEEL_TARGET
