// Depthwise convolution: channels side by side in vectors, pixels of a row in accumulators.
//
//   y[q] = act(bias + sum over kernel rows i, columns j: x[i][q * stride + j] * w[i][j])
//
// A row of weights stays in registers while every input column is loaded once and meets all the
// pixels that it belongs to.
#include "simd/depthwise.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr int kPixels = kWidth == 16 ? 14 : 7;
constexpr int kTapsPixels = 8;

// Read where a column lies outside the input.
alignas(64) const float kZeros[kBlock] = {};

template <int Pixels>
KEEL_INLINE void finish(Vec (&acc)[Pixels][1], const float* residual, float* y,
                        std::ptrdiff_t pixel, const Activation& activation) {
  if (residual) {
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][0] += load(residual + q * pixel);
  }
  apply(activation, acc);
  KEEL_UNROLL for (int q = 0; q < Pixels; q++) store(y + q * pixel, acc[q][0]);
}

template <int Kernel, int Stride, int Pixels>
KEEL_NOINLINE void row(const DepthwiseRowArgs& a) {
  constexpr int kColumns = (Pixels - 1) * Stride + Kernel;
  for (int v = 0; v < kBlock; v += kWidth) {
    Vec acc[Pixels][1];
    const Vec start = a.bias ? load(a.bias + v) : zero();
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][0] = start;
    const float* x = a.x + v;
    const float* w = a.w + v;
    for (std::int64_t i = 0; i < a.rows; i++, x += a.x_row, w += Kernel * kBlock) {
      Vec weights[Kernel];
      KEEL_UNROLL for (int j = 0; j < Kernel; j++) weights[j] = load_aligned(w + j * kBlock);
      KEEL_UNROLL for (int column = 0; column < kColumns; column++) {
        // Only the columns at either end can lie outside.
        const float* from = x + column * kBlock;
        if (column < Kernel - 1 && column < a.left) from = kZeros;
        if (column > kColumns - Kernel && column >= kColumns - a.right) from = kZeros;
        const Vec value = load_aligned(from);
        KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
          const int j = column - q * Stride;
          if (j >= 0 && j < Kernel) acc[q][0] = fma(value, weights[j], acc[q][0]);
        }
      }
    }
    finish(acc, a.residual ? a.residual + v : nullptr, a.y + v, kBlock, a.activation);
  }
}

template <int Pixels>
KEEL_NOINLINE void taps(const DepthwiseTapsArgs& a) {
  for (int v = 0; v < kBlock; v += kWidth) {
    Vec acc[Pixels][1];
    const Vec start = a.bias ? load(a.bias + v) : zero();
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][0] = start;
    for (const ConvTap* tap = a.taps; tap != a.taps_end; tap++) {
      const Vec weight = load_aligned(a.w + tap->w * kBlock + v);
      const float* x = a.x + tap->x + v;
      KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
        acc[q][0] = fma(load_aligned(x), weight, acc[q][0]);
        x += a.x_pixel;
      }
    }
    finish(acc, a.residual ? a.residual + v : nullptr, a.y + v, a.y_pixel, a.activation);
  }
}

template <int Kernel, int Stride, int Pixels>
constexpr DepthwiseRow offered() {
  if constexpr (Pixels <= kPixels) {
    return row<Kernel, Stride, Pixels>;
  } else {
    return nullptr;
  }
}

#define KEEL_ROWS(Kernel, Stride)                                                                 \
  {                                                                                               \
    nullptr, offered<Kernel, Stride, 1>(), offered<Kernel, Stride, 2>(),                          \
        offered<Kernel, Stride, 3>(), offered<Kernel, Stride, 4>(), offered<Kernel, Stride, 5>(), \
        offered<Kernel, Stride, 6>(), offered<Kernel, Stride, 7>(), offered<Kernel, Stride, 8>(), \
        offered<Kernel, Stride, 9>(), offered<Kernel, Stride, 10>(),                              \
        offered<Kernel, Stride, 11>(), offered<Kernel, Stride, 12>(),                             \
        offered<Kernel, Stride, 13>(), offered<Kernel, Stride, 14>()                              \
  }

}  // namespace

extern const DepthwiseKernels depthwise_kernels;
const DepthwiseKernels depthwise_kernels = {
    kPixels,
    {{{}, {}},
     {KEEL_ROWS(3, 1), KEEL_ROWS(3, 2)},
     {KEEL_ROWS(5, 1), KEEL_ROWS(5, 2)},
     {KEEL_ROWS(7, 1), {}}},
    kTapsPixels,
    taps<kTapsPixels>,
    taps<1>,
};

}  // namespace keel::simd::KEEL_TARGET
