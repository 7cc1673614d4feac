// How products of bfloat16 see a convolution: in which order its input is copied, and how its
// outputs are cut.
//
// Along an axis of stride s, output o reads input o s + k d - p through tap k. With k d = s j + r
// that is position o + j of the phase r, of inputs r - p, r - p + s, r - p + 2 s, … Copied phase by
// phase, every convolution reads positions next to each other for outputs next to each other; zeros
// stand where a tap leaves the input.
//
//   x  [part][channel block of 32][tap of axis 0][phase of axis 1][phase of axis 2]
//      [row][column][32]
//   w  [group][panel][channel block][tap][part][output block][pair][16 outputs][2]
//
// A rectangle of the output is copied and computed at a time. Its rows are wider in x than in y, by
// the halo of the last axis. A tile takes pixels of one row; or positions of the rectangle as it
// lies in x (flat), those of the halo computed and left out: whichever makes fewer tiles.
#pragma once

#include <algorithm>
#include <vector>

#include "simd/bf16.h"
#include "simd/conv_algorithm.h"

namespace keel::simd {

// One axis of the kernel: where each tap reads.
struct Bf16TapAxis {
  std::vector<std::int64_t> phases;  // that any tap reads
  std::vector<std::int64_t> phase;   // of each tap: index in `phases`
  std::vector<std::int64_t> shift;   // of each tap, positions
  std::int64_t halo = 0;             // the largest shift
  Bf16TapAxis(std::int64_t kernel, std::int64_t dilation, std::int64_t stride);
  std::int64_t count() const { return static_cast<std::int64_t>(phases.size()); }
};

// `count` cut into pieces of at most `longest`: alike, or full ones first.
struct Bf16Pieces {
  std::int64_t count, longest, pieces;
  bool full;
  Bf16Pieces(std::int64_t n, std::int64_t most, bool full_first)
      : count(n), longest(most), pieces(ceil_div(n, most)), full(full_first) {}
  std::int64_t begin(std::int64_t i) const {
    return full ? std::min(i * longest, count) : i * count / pieces;
  }
};

class Bf16Geometry {
 public:
  // Outputs of one plane.
  struct Rectangle {
    std::int64_t image, outer, row, rows, column, columns;
  };
  struct Panel {
    std::int64_t group, first, blocks;  // output blocks, counted from the first of all
  };

  Bf16Geometry(const ConvShape& shape, const Bf16Kernels& kernels, int threads, int terms);

  const ConvShape& shape() const { return shape_; }
  const Bf16TapAxis& axis1() const { return axis1_; }
  const Bf16TapAxis& axis2() const { return axis2_; }
  const std::vector<std::ptrdiff_t>& taps() const { return taps_; }  // elements of x

  Rectangle rectangle(std::int64_t i) const;
  std::int64_t rectangles() const { return rectangles_; }
  std::int64_t together() const { return together_; }  // rectangles copied at a time
  std::int64_t rows() const { return rows_; }          // of the largest
  std::int64_t width() const { return columns_ + axis2_.halo; }
  Bf16Pieces tiles(const Rectangle& r) const {  // of a row, or of the whole rectangle
    return tiles_of(flat_ ? (r.rows - 1) * width() + r.columns : r.columns);
  }
  std::int64_t tile_rows(const Rectangle& r) const { return flat_ ? 1 : r.rows; }
  std::int64_t tile_count(const Rectangle& r) const { return tile_rows(r) * tiles(r).pieces; }

  Panel panel(std::int64_t i) const;
  std::int64_t panels() const { return ceil_div(k_blocks(), kBf16Panel) * shape_.group; }

  // Where there are few pixels, all rectangles are copied in a phase of its own, and chunks are
  // panels; otherwise they are rectangles.
  bool by_panels() const { return by_panels_; }
  std::int64_t chunks() const { return chunks_; }
  std::int64_t stage_chunks() const { return stage_chunks_; }

  int terms() const { return terms_; }
  std::int64_t parts() const { return terms_ == 3 ? 2 : 1; }
  std::int64_t group_channels() const { return shape_.c / shape_.group; }
  std::int64_t group_blocks() const { return ceil_div(group_channels(), kBf16Channels); }
  std::int64_t c_blocks() const { return group_blocks() * shape_.group; }
  std::int64_t k_blocks() const { return ceil_div(shape_.k / shape_.group, kConvBlock); }
  std::int64_t tap_count() const { return static_cast<std::int64_t>(taps_.size()); }
  // Elements of w for one output block; of x for one channel block and for one rectangle.
  std::int64_t block_weights() const {
    return group_blocks() * tap_count() * parts() * kBf16OutputBlock;
  }
  std::int64_t x_block() const { return positions_ * kBf16Channels; }
  std::int64_t x_part() const { return c_blocks() * x_block(); }
  std::int64_t x_rectangle() const { return parts() * x_part(); }
  // Floats of the tensors.
  std::int64_t x_pixel() const { return shape_.matrix ? shape_.c : kConvBlock; }
  std::int64_t y_pixel() const { return shape_.matrix ? shape_.k : kConvBlock; }
  std::int64_t y_block() const {
    return shape_.matrix ? kConvBlock : product(shape_.out) * kConvBlock;
  }
  double flops() const;

 private:
  void lay_taps();
  void cut_rectangles(std::int64_t fit, std::int64_t each);
  void cut(int threads);
  bool is_flat() const;
  Bf16Pieces tiles_of(std::int64_t pixels) const {
    return {pixels, kernels_.pixels, kernels_.granule > 1};
  }

  ConvShape shape_;
  const Bf16Kernels& kernels_;
  int terms_;
  Bf16TapAxis axis1_, axis2_;
  std::vector<std::ptrdiff_t> taps_;
  std::int64_t rows_ = 1, columns_ = 1;          // of the largest rectangle
  std::int64_t row_cuts_ = 1, column_cuts_ = 1;  // of a plane
  std::int64_t positions_ = 0;                   // of one channel block of x
  std::int64_t rectangles_ = 0, together_ = 1;
  bool flat_ = false, by_panels_ = false;
  std::int64_t chunks_ = 1, stage_chunks_ = 0;
};

}  // namespace keel::simd
