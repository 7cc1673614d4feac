// The first convolution of a network: one step of the reduction is a column of a kernel row in one
// channel, whose pixels lie side by side (or two apart) in the plain input.
//
//   acc[q][n] += w[row][column][n] * x[row][q * Stride + column]
#include "simd/conv_stem.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr int kPanelBlocks = kWidth == 16 ? 2 : 1;

template <int Pixels, int Blocks, int Stride>
KEEL_NOINLINE void tile(const StemTileArgs& a) {
  constexpr int kVecs = Blocks * kVecsPerBlock;
  Vec acc[Pixels][kVecs];
  KEEL_UNROLL for (int n = 0; n < kVecs; n++) {
    const Vec start = a.bias ? load(a.bias + n * kWidth) : zero();
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][n] = start;
  }
  for (const StemRow* row = a.rows; row != a.rows_end; row++) {
    const float* x = a.x + row->x;
    const float* w = a.w + row->w * a.columns * Blocks * kBlock;
    for (std::int64_t j = 0; j < a.columns; j++, x += a.column, w += Blocks * kBlock) {
      Vec weights[kVecs];
      KEEL_UNROLL for (int n = 0; n < kVecs; n++) weights[n] = load_aligned(w + n * kWidth);
      KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
        const Vec value = broadcast(x + q * Stride);
        KEEL_UNROLL for (int n = 0; n < kVecs; n++) acc[q][n] = fma(weights[n], value, acc[q][n]);
      }
    }
  }
  if (a.residual) {
    KEEL_UNROLL for (int n = 0; n < kVecs; n++) {
      const float* from = a.residual + n / kVecsPerBlock * a.y_block + n % kVecsPerBlock * kWidth;
      KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][n] += load_aligned(from + q * kBlock);
    }
  }
  const bool done = apply_in_registers(a.activation, acc);
  KEEL_UNROLL for (int n = 0; n < kVecs; n++) {
    float* to = a.y + n / kVecsPerBlock * a.y_block + n % kVecsPerBlock * kWidth;
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) store_aligned(to + q * kBlock, acc[q][n]);
  }
  for (int b = 0; !done && b < Blocks; b++)
    activate_vectors(a.activation, a.y + b * a.y_block, Pixels * kVecsPerBlock);
}

template <int Pixels, int Blocks, int Stride>
constexpr StemTile offered() {
  if constexpr (Blocks <= kPanelBlocks) {
    return tile<Pixels, Blocks, Stride>;
  } else {
    return nullptr;
  }
}

constexpr int kLong = kWidth == 16 ? 14 : kWidth == 8 ? 6 : 2;
constexpr int kMiddle = kWidth == 16 ? 8 : kWidth == 8 ? 4 : 2;
constexpr int kShort = kWidth == 16 ? 4 : 2;

#define KEEL_TILES(Blocks, Stride)                                        \
  {                                                                       \
    offered<kLong, Blocks, Stride>(), offered<kMiddle, Blocks, Stride>(), \
        offered<kShort, Blocks, Stride>(), offered<1, Blocks, Stride>()   \
  }

}  // namespace

extern const ConvStemKernels conv_stem_kernels;
const ConvStemKernels conv_stem_kernels = {
    {kLong, kMiddle, kShort, 1},
    kPanelBlocks,
    {{KEEL_TILES(1, 1), KEEL_TILES(2, 1)}, {KEEL_TILES(1, 2), KEEL_TILES(2, 2)}},
};

}  // namespace keel::simd::KEEL_TARGET
