#include "simd/depthwise_plane.h"

#include <algorithm>

#include "simd/conv_algorithm.h"

namespace keel::simd {
namespace {

// The row kernel for the shape, null where it needs the other.
DepthwiseRows row_kernel(const ConvShape& s, const DepthwiseKernels& kernels) {
  const std::int64_t width = s.kernel[2], stride = s.stride[2];
  const bool plane = s.in[0] == 1 && s.out[0] == 1 && s.kernel[0] == 1 && s.pad[0] == 0;
  const bool fits = width % 2 == 1 && width <= 7 && stride <= 2 && s.dilation[2] == 1;
  if (s.transposed || !plane || !fits || s.pad[2] < 0) return nullptr;
  // A kernel copes with fewer columns outside than it is wide, on either side.
  const std::int64_t right = (s.out[2] - 1) * stride - s.pad[2] + width - s.in[2];
  if (s.pad[2] >= width || right >= width) return nullptr;
  // The run that computes the fewest pixels twice.
  DepthwiseRows best = nullptr;
  std::int64_t fewest = 0;
  for (int i = 0; i < kDepthwiseRuns; i++) {
    const std::int64_t pixels = kernels.pixels[i];
    if (pixels > s.out[2]) continue;
    const std::int64_t computed = ceil_div(s.out[2], pixels) * pixels;
    if (best != nullptr && computed >= fewest) continue;
    best = kernels.rows[width / 2][stride - 1][i];
    fewest = computed;
  }
  return best;
}

}  // namespace

DepthwiseRunner::DepthwiseRunner(const ConvShape& shape, const DepthwiseKernels& kernels)
    : shape_(shape), kernels_(kernels), rows_(row_kernel(shape, kernels)) {}

void DepthwiseRunner::run(const ConvLattice& lattice, std::int64_t begin, std::int64_t end,
                          const DepthwisePlane& plane) const {
  rows_ ? run_rows(begin, end, plane) : run_taps(lattice, begin, end, plane);
}

void DepthwiseRunner::run_rows(std::int64_t begin, std::int64_t end,
                               const DepthwisePlane& plane) const {
  DepthwiseRowsArgs a;
  a.x = plane.x;
  a.height = shape_.in[1];
  a.width = shape_.in[2];
  a.top = shape_.pad[1];
  a.left = shape_.pad[2];
  a.kernel_rows = shape_.kernel[1];
  a.planes = plane.planes;
  a.x_plane = plane.x_plane;
  a.stride = shape_.stride[1];
  a.dilation = shape_.dilation[1];
  a.w = plane.w;
  a.bias = plane.bias;
  a.residual = plane.residual;
  a.y = plane.y;
  a.y_width = shape_.out[2];
  a.begin = begin;
  a.end = end;
  a.activation = shape_.activation;
  rows_(a);
}

void DepthwiseRunner::run_taps(const ConvLattice& lattice, std::int64_t begin, std::int64_t end,
                               const DepthwisePlane& plane) const {
  const ConvAxis& columns = lattice.axis[2];
  DepthwiseTapsArgs a;
  a.x_pixel = columns.x_step * kConvBlock;
  a.planes = plane.planes;
  a.x_plane = plane.x_plane;
  a.kernel_taps = lattice.taps();
  a.w = plane.w;
  a.bias = plane.bias;
  a.y_pixel = columns.y_step * kConvBlock;
  a.activation = shape_.activation;
  const ConvCut cut(columns.count, kMaxTapsPixels);
  ConvTapCache taps(lattice, 1, plane.taps);
  ConvWalk walk(lattice, cut, begin * cut.runs);
  for (std::int64_t i = begin * cut.runs; i < end * cut.runs; i++, walk.next()) {
    const ConvTapCache::Taps list = taps.of(walk.run(), walk.index());
    a.taps = list.begin;
    a.taps_end = list.end;
    a.x = plane.x + conv_x_position(lattice, walk.run()) * kConvBlock;
    const std::int64_t y = conv_y_position(lattice, walk.run(), shape_.out) * kConvBlock;
    a.residual = plane.residual ? plane.residual + y : nullptr;
    a.y = plane.y + y;
    kernels_.taps[walk.run().count](a);
  }
}

}  // namespace keel::simd
