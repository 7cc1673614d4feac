// Rows of one channel block under kernels of its own, the step that depthwise convolutions and
// those of narrow groups share.
#pragma once

#include "simd/conv_geometry.h"
#include "simd/depthwise.h"

namespace keel::simd {

struct DepthwisePlane {
  const float* x;       // of the block in one image
  std::int64_t planes;  // inputs whose results add up, x_plane floats apart
  std::ptrdiff_t x_plane;
  const float* w;         // [plane][tap of the lattice][16]
  const float* bias;      // null: none
  const float* residual;  // laid out as y; null: none
  float* y;
  ConvTap* taps;  // scratch of conv_tap_bytes(3 * taps of the lattice)
};

// Kernels 3, 5 and 7 wide without dilation go row by row, the rest tap by tap; pixels outside the
// input read as zeros.
class DepthwiseRunner {
 public:
  DepthwiseRunner(const ConvShape& shape, const DepthwiseKernels& kernels);
  bool by_rows() const { return rows_ != nullptr; }
  // Rows [begin, end) of the lattice, counted over the two outer axes.
  void run(const ConvLattice& lattice, std::int64_t begin, std::int64_t end,
           const DepthwisePlane& plane) const;

 private:
  void run_rows(std::int64_t begin, std::int64_t end, const DepthwisePlane& plane) const;
  void run_taps(const ConvLattice& lattice, std::int64_t begin, std::int64_t end,
                const DepthwisePlane& plane) const;

  ConvShape shape_;
  const DepthwiseKernels& kernels_;
  DepthwiseRows rows_;
};

}  // namespace keel::simd
