// Attention in bfloat16, where the instruction set has VDPBF16PS; the softmax stays in floats.
//
// Not compiled for the row with AMX: there VDPBF16PS is no faster than products of floats.
#include "simd/attention.h"
#include "simd/kernel.h"

#if defined(__AVX512BF16__)
#include "simd/attention_bf16.h"
#endif

namespace keel::simd::KEEL_TARGET {

#if defined(__AVX512BF16__)

namespace {

// Pairs of floats next to each other: to[2 j] = even[j], to[2 j + 1] = odd[j].
KEEL_INLINE void store_pairs(std::uint16_t* to, Vec even, Vec odd) {
  alignas(64) static constexpr std::uint16_t kOrder[32] = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(odd.b, even.b);
  _mm512_store_si512(to, _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), both));
}

// 16 columns of `columns` at b, each 32 of depth in a row, as 16 pairs.
KEEL_INLINE void turn_columns(const float* b, std::int64_t column, std::int64_t columns,
                              std::uint16_t* to) {
  Vec lines[kWidth];
  KEEL_UNROLL for (int j = 0; j < kWidth; j++) {
    lines[j] = zero();
    if (j >= columns) continue;
    const float* from = b + j * column;
    KEEL_PREFETCH_L2(from + kNextHead);
    KEEL_PREFETCH_L2(from + kNextHead + kWidth);
    const __m512bh both = _mm512_cvtne2ps_pbh(load(from + kWidth).b, load(from).b);
    lines[j] = Vec{_mm512_castsi512_ps((__m512i)both)};
  }
  transpose(lines);
  KEEL_UNROLL for (int j = 0; j < kWidth; j++) {
    _mm512_store_si512(to + j * kPairPanel, _mm512_castps_si512(lines[j].b));
  }
}

// One panel of `n` columns.
void pack_panel(const float* b, std::int64_t row, std::int64_t column, std::int64_t depth,
                std::int64_t n, std::uint16_t* to) {
  std::int64_t p = 0;
  if (column == 1 && n >= kPanel) {
    for (; p + 2 <= depth; p += 2) {
      const float *even = b + p * row, *odd = even + row;
      for (int j = 0; j < kPanel; j += kWidth) {
        KEEL_PREFETCH_L2(even + j + kNextHead);
        KEEL_PREFETCH_L2(odd + j + kNextHead);
        store_pairs(to + p / 2 * kPairPanel + 2 * j, load(even + j), load(odd + j));
      }
    }
  } else if (row == 1) {
    for (; p + 2 * kWidth <= depth; p += 2 * kWidth) {
      for (int j = 0; j < kPanel; j += kWidth) {
        turn_columns(b + j * column + p, column, n - j, to + p / 2 * kPairPanel + 2 * j);
      }
    }
  }
  for (; p < depth; p += 2) {
    alignas(64) float lines[2][kPanel] = {};
    for (std::int64_t i = p; i < p + 2 && i < depth; i++) {
      for (std::int64_t j = 0; j < n && j < kPanel; j++) {
        lines[i - p][j] = b[i * row + j * column];
      }
    }
    for (int j = 0; j < kPanel; j += kWidth) {
      store_pairs(to + p / 2 * kPairPanel + 2 * j, load(lines[0] + j), load(lines[1] + j));
    }
  }
}

void pack(const float* b, std::int64_t row, std::int64_t column, std::int64_t depth,
          std::int64_t columns, void* to) {
  auto* at = static_cast<std::uint16_t*>(to);
  for (std::int64_t j = 0; j < columns; j += kPanel, at += pairs_of(depth) * kPairPanel) {
    pack_panel(b + j * column, row, column, depth, columns - j, at);
  }
}

std::int64_t packed_size(std::int64_t depth, std::int64_t columns) {
  const std::int64_t elements = (columns + kPanel - 1) / kPanel * pairs_of(depth) * kPairPanel;
  return elements * static_cast<std::int64_t>(sizeof(std::uint16_t));
}

std::int64_t scratch_size(std::int64_t depth, std::int64_t keys) {
  return attention_scratch_of(depth, keys);
}

void attend(const AttentionArgs& args, float* scratch) { attend_all<Bf16Products>(args, scratch); }

}  // namespace

extern const Bf16AttentionKernels bf16_attention_kernels;
const Bf16AttentionKernels bf16_attention_kernels = {"vdpbf16ps", packed_size, pack, scratch_size,
                                                     attend};

#else

extern const Bf16AttentionKernels bf16_attention_kernels;
const Bf16AttentionKernels bf16_attention_kernels = {};

#endif

}  // namespace keel::simd::KEEL_TARGET
