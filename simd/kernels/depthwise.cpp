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

// As many accumulators as leave registers for a row of weights and a column.
constexpr int kRuns[] = {kWidth == 16 ? 14 : 8, kWidth == 16 ? 10 : 8, 8, 7, 6, 4, 3, 2, 1};

// Read where a column lies outside the input.
alignas(64) const float kZeros[kBlock] = {};

template <int Pixels>
KEEL_INLINE void finish(Vec (&acc)[Pixels][1], const float* residual, float* y,
                        std::ptrdiff_t pixel, const Activation& activation) {
  if (residual) {
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][0] += load(residual + q * pixel);
  }
  const bool done = apply_in_registers(activation, acc);
  const bool dense = kWidth == kBlock && pixel == kBlock;
  if (!done && !dense) apply_in_memory(activation, acc);
  KEEL_UNROLL for (int q = 0; q < Pixels; q++) store(y + q * pixel, acc[q][0]);
  if (!done && dense) activate_vectors(activation, y, Pixels);
}

// One run of pixels: `x` is what the first one reads in column 0 of the first of `rows` kernel
// rows, `left` and `right` count the columns of the run that lie outside.
template <int Kernel, int Stride, int Pixels>
KEEL_INLINE void sum_run(const float* x, std::ptrdiff_t x_row, const float* w, std::int64_t rows,
                         std::int64_t left, std::int64_t right, Vec (&acc)[Pixels][1]) {
  constexpr int kColumns = (Pixels - 1) * Stride + Kernel;
  for (std::int64_t i = 0; i < rows; i++, x += x_row, w += Kernel * kBlock) {
    Vec weights[Kernel];
    KEEL_UNROLL for (int j = 0; j < Kernel; j++) weights[j] = load_aligned(w + j * kBlock);
    KEEL_UNROLL for (int column = 0; column < kColumns; column++) {
      // Only the columns at either end can lie outside.
      const float* from = x + column * kBlock;
      if (column < Kernel - 1 && column < left) from = kZeros;
      if (column > kColumns - Kernel && column >= kColumns - right) from = kZeros;
      const Vec value = in_register(load_aligned(from));
      KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
        const int j = column - q * Stride;
        if (j >= 0 && j < Kernel) acc[q][0] = fma(value, weights[j], acc[q][0]);
      }
    }
  }
}

template <int Kernel, int Stride, int Pixels>
KEEL_NOINLINE void rows(const DepthwiseRowsArgs& a) {
  constexpr int kColumns = (Pixels - 1) * Stride + Kernel;
  const std::ptrdiff_t x_row = a.dilation * a.width * kBlock;
  for (std::int64_t row = a.begin; row < a.end; row++) {
    const std::int64_t top = row * a.stride - a.top;
    std::int64_t first = 0, last = a.kernel_rows;  // those inside the input
    while (first < last && top + first * a.dilation < 0) first++;
    while (last > first && top + (last - 1) * a.dilation >= a.height) last--;
    const std::int64_t x_top = first < last ? top + first * a.dilation : 0;
    for (std::int64_t done = 0; done < a.y_width; done += Pixels) {
      const std::int64_t q = done + Pixels <= a.y_width ? done : a.y_width - Pixels;
      const std::int64_t column = q * Stride - a.left, end = column + kColumns;
      for (int v = 0; v < kBlock; v += kWidth) {
        Vec acc[Pixels][1];
        const Vec start = a.bias ? load(a.bias + v) : zero();
        KEEL_UNROLL for (int i = 0; i < Pixels; i++) acc[i][0] = start;
        const float* x = a.x + (x_top * a.width + column) * kBlock + v;
        const float* w = a.w + first * Kernel * kBlock + v;
        for (std::int64_t plane = 0; plane < a.planes; plane++) {
          sum_run<Kernel, Stride, Pixels>(x, x_row, w, last - first, column < 0 ? -column : 0,
                                          end > a.width ? end - a.width : 0, acc);
          x += a.x_plane;
          w += a.kernel_rows * Kernel * kBlock;
        }
        const std::int64_t y = (row * a.y_width + q) * kBlock + v;
        finish(acc, a.residual ? a.residual + y : nullptr, a.y + y, kBlock, a.activation);
      }
    }
  }
}

template <int Pixels>
KEEL_NOINLINE void taps(const DepthwiseTapsArgs& a) {
  for (int v = 0; v < kBlock; v += kWidth) {
    Vec acc[Pixels][1];
    const Vec start = a.bias ? load(a.bias + v) : zero();
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][0] = start;
    const float* plane_x = a.x + v;
    const float* w = a.w + v;
    for (std::int64_t plane = 0; plane < a.planes; plane++, plane_x += a.x_plane) {
      for (const ConvTap* tap = a.taps; tap != a.taps_end; tap++) {
        const Vec weight = load_aligned(w + tap->w * kBlock);
        const float* x = plane_x + tap->x;
        if (tap->edge == TapEdge::None) {
          KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
            acc[q][0] = fma(load_aligned(x), weight, acc[q][0]);
            x += a.x_pixel;
          }
        } else {
          KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
            const bool inside = q >= tap->left && q < Pixels - tap->right;
            acc[q][0] = fma(load_aligned(inside ? x : kZeros), weight, acc[q][0]);
            x += a.x_pixel;
          }
        }
      }
      w += a.kernel_taps * kBlock;
    }
    finish(acc, a.residual ? a.residual + v : nullptr, a.y + v, a.y_pixel, a.activation);
  }
}

// Each vector of y takes its lanes from those of all blocks, one block and part after the other.
void permute_lanes(const LaneMap& map, std::int64_t pixels, float* y) {
  for (int v = 0; v < kBlock; v += kWidth) {
    std::int32_t lane[kWidth], part[kWidth];
    for (int i = 0; i < kWidth; i++) {
      const std::int32_t from = map.from[v + i];
      lane[i] = from < 0 ? 0 : from % kWidth;
      part[i] = from < 0 ? -1 : from / kWidth;
    }
    const IVec lanes = iload(lane), parts = iload(part);
    for (std::int64_t p = 0; p < pixels; p++) {
      Vec sum = zero();
      for (int i = 0; i < map.blocks * kVecsPerBlock; i++) {
        const float* x = map.x + i / kVecsPerBlock * map.x_block + p * kBlock;
        const Vec value = permute(load_aligned(x + i % kVecsPerBlock * kWidth), lanes);
        sum = select(parts == iset1(i), value, sum);
      }
      store_aligned(y + p * kBlock + v, sum);
    }
  }
}

#define KEEL_ROWS(Kernel, Stride)                                       \
  {                                                                     \
    rows<Kernel, Stride, kRuns[0]>, rows<Kernel, Stride, kRuns[1]>,     \
        rows<Kernel, Stride, kRuns[2]>, rows<Kernel, Stride, kRuns[3]>, \
        rows<Kernel, Stride, kRuns[4]>, rows<Kernel, Stride, kRuns[5]>, \
        rows<Kernel, Stride, kRuns[6]>, rows<Kernel, Stride, kRuns[7]>, \
        rows<Kernel, Stride, kRuns[8]>                                  \
  }

}  // namespace

extern const DepthwiseKernels depthwise_kernels;
const DepthwiseKernels depthwise_kernels = {
    {kRuns[0], kRuns[1], kRuns[2], kRuns[3], kRuns[4], kRuns[5], kRuns[6], kRuns[7], kRuns[8]},
    {{{}, {}},
     {KEEL_ROWS(3, 1), KEEL_ROWS(3, 2)},
     {KEEL_ROWS(5, 1), KEEL_ROWS(5, 2)},
     {KEEL_ROWS(7, 1), {}}},
    {nullptr, taps<1>, taps<2>, taps<3>, taps<4>, taps<5>, taps<6>, taps<7>, taps<8>},
    permute_lanes,
};

}  // namespace keel::simd::KEEL_TARGET
