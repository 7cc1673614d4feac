// A constant B in fewer bits than floats have, for the dot products of gemm_dot.h, which wait for
// memory.
//
// - 16 bits: bfloat16, rounded to nearest even; what would become infinite is cut off instead, NaN
//   stays NaN.
// - 20 bits: integers times a power of two, for each group of weights of a column the smallest for
//   which all of them have 20 bits. They err by half of that at most. A column is refused where the
//   root mean square of these bounds is more than 2^-16 of that of its weights, and where it is not
//   finite. Of trained pointwise convolutions accepted so, results were within an NME of 1e-5.
//
// A column is a row of groups, the last filled up with zeros. A group is vectors of integers, of
// which no lane has to move when they become floats:
//
//   words   the upper 16 bits of the weights of vector 0 (lower half of the lane) and 1
//   ...     of 2 and 3, and so on
//   rest    their other 4 bits, vector 0 in the lowest; if there are any
//
// Eight columns are a block, groups in turns: the reader of A uses a vector of it for all of them.
// Of 20 bits the factors of eight groups, in whole vectors, come before them. All is in the order
// in which it is read: anything kept elsewhere halves the speed at some sizes.
#pragma once

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr int kNarrowColumns = 8;

template <int Bits>
struct Narrow {
  static constexpr int kRest = Bits - 16;  // bits behind the words
  static constexpr int kVecs = kRest > 0 ? 32 / kRest : 4;
  static constexpr int kGroup = kVecs * kWidth;  // weights
  // Lanes of 32 bits: of a group; of the factors before those of all columns; of both.
  static constexpr int kGroupLanes = (kVecs / 2 + (kRest > 0 ? 1 : 0)) * kWidth;
  static constexpr int kFactors = kRest == 0                ? 0
                                  : kNarrowColumns > kWidth ? kNarrowColumns
                                                            : kWidth;
  static constexpr int kStep = kFactors + kNarrowColumns * kGroupLanes;
  static std::int64_t groups(std::int64_t k) { return (k + kGroup - 1) / kGroup; }
  // The first groups of the columns of a block.
  static std::int64_t block_of(std::int64_t k, std::int64_t column) {
    return column / kNarrowColumns * groups(k) * kStep;
  }
  // Behind the beginning of such groups.
  static constexpr std::int64_t group_of(std::int64_t column) {
    return kFactors + column % kNarrowColumns * kGroupLanes;
  }
};

KEEL_INLINE IVec rounded_to_bf16(Vec x) {
  const IVec upper = iset1(static_cast<std::int32_t>(0xffff0000u)), exponent = iset1(0x7f800000);
  const IVec bits = bitcast(x);
  const IVec odd = shift_right<16>(bits) & iset1(1);
  const IVec rounded = (bits + iset1(0x7fff) + odd) & upper;
  const IVec kept = select(is_nan(x), bits | iset1(0x00400000), bits) & upper;
  return select((rounded & exponent) == exponent, kept,
                select((bits & exponent) == exponent, kept, rounded));
}

// by > 0: to the left.
template <int By>
KEEL_INLINE IVec shift(IVec x) {
  if constexpr (By > 0) {
    return shift_left<By>(x);
  } else if constexpr (By < 0) {
    return shift_right<-By>(x);
  } else {
    return x;
  }
}

// The bits behind the words of vector V belong above those of the vectors before it.
template <int Bits, int V = 0>
KEEL_INLINE IVec gather_rest(const IVec (&w)[Narrow<Bits>::kVecs]) {
  constexpr int kRest = Narrow<Bits>::kRest, kPlace = 16 - kRest;  // in the weight
  const IVec part = w[V] & iset1(((1 << kRest) - 1) << kPlace);
  const IVec moved = shift<V * kRest - kPlace>(part);
  if constexpr (V + 1 == Narrow<Bits>::kVecs) {
    return moved;
  } else {
    return moved | gather_rest<Bits, V + 1>(w);
  }
}
template <int Bits, int V = 0>
KEEL_INLINE void spread_rest(IVec rest, IVec (&w)[Narrow<Bits>::kVecs]) {
  constexpr int kRest = Narrow<Bits>::kRest, kPlace = 16 - kRest;
  if constexpr (V < Narrow<Bits>::kVecs) {
    w[V] = w[V] | (shift<kPlace - V * kRest>(rest) & iset1(((1 << kRest) - 1) << kPlace));
    spread_rest<Bits, V + 1>(rest, w);
  }
}

// `factor` makes integers of so many bits of the weights.
template <int Bits>
KEEL_INLINE void store_group(const float* x, float factor, std::int32_t* to) {
  using N = Narrow<Bits>;
  const IVec high = iset1(static_cast<std::int32_t>(0xffff0000u)), low = iset1(0xffff);
  IVec w[N::kVecs];
  KEEL_UNROLL for (int v = 0; v < N::kVecs; v++) {
    const Vec weights = load(x + v * kWidth);
    if constexpr (Bits == 16) {
      w[v] = rounded_to_bf16(weights);
    } else {
      const Vec largest = set1(static_cast<float>((1 << (Bits - 1)) - 1));
      w[v] = shift_left<32 - Bits>(round_to_int(min(weights * set1(factor), largest)));
    }
  }
  KEEL_UNROLL for (int v = 0; v < N::kVecs; v += 2) {
    istore(to + v / 2 * kWidth, (shift_right<16>(w[v]) & low) | (w[v + 1] & high));
  }
  if constexpr (N::kRest > 0) istore(to + N::kVecs / 2 * kWidth, gather_rest<Bits>(w));
}

// `factor`: that of the group; of bfloat16 there is none.
template <int Bits>
KEEL_INLINE void load_group(const std::int32_t* from, Vec factor, Vec (&w)[Narrow<Bits>::kVecs]) {
  using N = Narrow<Bits>;
  const IVec high = iset1(static_cast<std::int32_t>(0xffff0000u));
  IVec bits[N::kVecs];
  KEEL_UNROLL for (int v = 0; v < N::kVecs; v += 2) {
    const IVec words = iload(from + v / 2 * kWidth);
    bits[v] = shift_left<16>(words);
    bits[v + 1] = words & high;
  }
  if constexpr (N::kRest > 0) spread_rest<Bits>(iload(from + N::kVecs / 2 * kWidth), bits);
  KEEL_UNROLL for (int v = 0; v < N::kVecs; v++) {
    w[v] = N::kRest > 0 ? to_float(bits[v]) * factor : bitcast(bits[v]);
  }
}

// e in [-126, 127].
KEEL_INLINE float power_of_two(int e) {
  const std::int32_t bits = (e + 127) << 23;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// What tells whether a column is refused: sums of squares.
struct NarrowColumn {
  double weights = 0, bounds = 0;
  bool accepted() const {  // NaN and infinities: no
    return weights < __builtin_inf() && bounds <= weights * 0x1p-32;
  }
};

// The exponent e of the integers of a group of n weights and zeros, which are weights / 2^e.
template <int Bits>
KEEL_INLINE int find_exponent(const float* x, std::int64_t n, NarrowColumn& column) {
  Vec largest = zero(), squares = zero();
  for (int i = 0; i < Narrow<Bits>::kGroup; i += kWidth) largest = max(largest, abs(load(x + i)));
  const float most = horizontal_max(largest);
  // most < 2^exponent. Very small weights lose bits instead of the factors becoming denormal.
  std::int32_t bits;
  __builtin_memcpy(&bits, &most, sizeof bits);
  const int exponent = (bits >> 23) - 126 > -90 ? (bits >> 23) - 126 : -90;
  const int e = exponent - (Bits - 1);
  for (int i = 0; i < Narrow<Bits>::kGroup; i += kWidth) {
    const Vec integers = load(x + i) * set1(power_of_two(-e));
    squares = fma(integers, integers, squares);
  }
  const auto unit = static_cast<double>(power_of_two(e));
  column.weights += static_cast<double>(horizontal_add(squares)) * unit * unit;
  if (most > 0) column.bounds += static_cast<double>(n) * unit * unit * 0.25;
  return e;
}

// Columns [begin, end) of B(p, j) = b[p * row + j * column]. False where one is refused.
template <int Bits>
KEEL_NOINLINE static bool narrow_columns(const float* b, std::int64_t row, std::int64_t column,
                                         std::int64_t k, std::int64_t begin, std::int64_t end,
                                         std::int32_t* packed) {
  using N = Narrow<Bits>;
  // Where rows lie in one piece, neighbouring columns share the lines that are read.
  constexpr std::int64_t kSharing = 16;
  const std::int64_t together = row == 1 ? kNarrowColumns : kSharing;
  for (std::int64_t first = begin; first < end; first += together) {
    const std::int64_t last = first + together < end ? first + together : end;
    NarrowColumn columns[kSharing];
    for (std::int64_t g = 0; g < N::groups(k); g++) {
      const std::int64_t p = g * N::kGroup, n = k - p < N::kGroup ? k - p : N::kGroup;
      for (std::int64_t j = first; j < last; j++) {
        const float* from = b + p * row + j * column;
        float gathered[N::kGroup];
        if (row != 1 || n < N::kGroup) {
          for (std::int64_t i = 0; i < N::kGroup; i++) gathered[i] = i < n ? from[i * row] : 0.0f;
          from = gathered;
        }
        std::int32_t* to = packed + N::block_of(k, j) + g * N::kStep;
        float factor = 1;
        if constexpr (N::kRest > 0) {
          const int e = find_exponent<Bits>(from, n, columns[j - first]);
          factor = power_of_two(-e);
          // The integers are the upper bits of their lanes.
          const float back = power_of_two(e - (32 - Bits));
          __builtin_memcpy(to + j % kNarrowColumns, &back, sizeof back);
        }
        store_group<Bits>(from, factor, to + N::group_of(j));
      }
    }
    for (const NarrowColumn& c : columns) {
      if (!c.accepted()) return false;
    }
  }
  return true;
}

}  // namespace keel::simd::KEEL_TARGET
