#include "simd/strassen.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

// What the convolution reads of one pixel in one channel block.
template <bool kPrologue>
KEEL_INLINE Block read(const StrassenStageArgs& a, std::int64_t block, std::ptrdiff_t at) {
  const float* from = a.x + block * a.x_block + at;
  Block x;
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) x.v[v] = load(from + v * kWidth);
  if constexpr (kPrologue) {
    apply_prologue(a.prologue.affine + block * 3 * kBlock, a.prologue.activation, x);
  }
  return x;
}

KEEL_INLINE void write(float* to, const Block& block) {
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) store_aligned(to + v * kWidth, block.v[v]);
}

KEEL_INLINE Block operator+(const Block& a, const Block& b) {
  Block r;
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) r.v[v] = a.v[v] + b.v[v];
  return r;
}
KEEL_INLINE Block operator-(const Block& a, const Block& b) {
  Block r;
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) r.v[v] = a.v[v] - b.v[v];
  return r;
}

// The pixels of a tile two blocks further on, which the processor does not foresee.
KEEL_INLINE void fetch_ahead(const StrassenStageArgs& a, std::int64_t block, std::int64_t q) {
  constexpr std::int64_t kDistance = 2;
  const float* from = a.x + (block + kDistance) * a.x_block;
  KEEL_PREFETCH_L1(from + a.at[0][q]);
  KEEL_PREFETCH_L1(from + a.at[1][q]);
  KEEL_PREFETCH_L1(from + a.half * a.x_block + a.at[0][q]);
  KEEL_PREFETCH_L1(from + a.half * a.x_block + a.at[1][q]);
}

template <bool kPrologue>
void stage_blocks(const StrassenStageArgs& a) {
  const std::int64_t block = a.pixels * kBlock;  // floats of a staged block
  const auto keep = [&a, block ](int tile, std::int64_t b, std::int64_t at, const Block& value)
      __attribute__((always_inline)) {
    if (a.tile[tile] != nullptr) write(a.tile[tile] + b * block + at, value);
  };
  for (std::int64_t b = 0; b < a.half; b++) {
    for (std::int64_t q = 0; q < a.pixels; q++) {
      const std::int64_t at = q * kBlock, to = b * block + at;
      fetch_ahead(a, b, q);
      const Block b11 = read<kPrologue>(a, b, a.at[0][q]), b12 = read<kPrologue>(a, b, a.at[1][q]);
      const Block b21 = read<kPrologue>(a, b + a.half, a.at[0][q]);
      const Block b22 = read<kPrologue>(a, b + a.half, a.at[1][q]);
      keep(0, b, at, b11);
      keep(0, b + a.half, at, b21);
      keep(1, b, at, b12);
      keep(1, b + a.half, at, b22);
      const Block t1 = b12 - b11, t2 = b22 - t1;
      write(a.combined[0] + to, t1);
      write(a.combined[1] + to, t2);
      write(a.combined[2] + to, b22 - b12);
      write(a.combined[3] + to, t2 - b21);
    }
  }
  for (std::int64_t b = 2 * a.half; b < 2 * a.half + a.rest; b++) {
    for (std::int64_t q = 0; q < a.pixels; q++) {
      const std::int64_t at = q * kBlock;
      const Block first = read<kPrologue>(a, b, a.at[0][q]);
      write(a.combined[3] + (b - a.half) * block + at, first);
      keep(0, b, at, first);
      keep(1, b, at, read<kPrologue>(a, b, a.at[1][q]));
    }
  }
}

void stage(const StrassenStageArgs& a) {
  a.prologue.affine != nullptr ? stage_blocks<true>(a) : stage_blocks<false>(a);
}

}  // namespace

extern const StrassenKernels strassen_kernels;
const StrassenKernels strassen_kernels = {stage};

}  // namespace keel::simd::KEEL_TARGET
