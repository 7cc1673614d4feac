#include "simd/bf16_geometry.h"

namespace keel::simd {

Bf16TapAxis::Bf16TapAxis(std::int64_t kernel, std::int64_t dilation, std::int64_t stride) {
  for (std::int64_t k = 0; k < kernel; k++) {
    const std::int64_t r = k * dilation % stride;
    const auto found = std::find(phases.begin(), phases.end(), r);
    phase.push_back(found - phases.begin());
    if (found == phases.end()) phases.push_back(r);
    shift.push_back(k * dilation / stride);
    halo = shift.back();
  }
}

Bf16Geometry::Bf16Geometry(const ConvShape& shape, const Bf16Kernels& kernels, int threads,
                           int terms)
    : shape_(shape),
      kernels_(kernels),
      terms_(terms),
      axis1_(shape.kernel[1], shape.dilation[1], shape.stride[1]),
      axis2_(shape.kernel[2], shape.dilation[2], shape.stride[2]) {
  cut(threads);
  lay_taps();
  flat_ = is_flat();
}

double Bf16Geometry::flops() const {
  return 2.0 * static_cast<double>(shape_.n * product(shape_.out) * product(shape_.kernel)) *
         static_cast<double>(shape_.k * group_channels());
}

// Positions of one channel block of a rectangle, and where the taps are among them.
void Bf16Geometry::lay_taps() {
  const std::int64_t plane = (rows_ + axis1_.halo) * width();
  for (std::int64_t k0 = 0; k0 < shape_.kernel[0]; k0++) {
    for (std::int64_t k1 = 0; k1 < shape_.kernel[1]; k1++) {
      for (std::int64_t k2 = 0; k2 < shape_.kernel[2]; k2++) {
        const std::int64_t planes =
            (k0 * axis1_.count() + axis1_.phase[k1]) * axis2_.count() + axis2_.phase[k2];
        const std::int64_t at = planes * plane + axis1_.shift[k1] * width() + axis2_.shift[k2];
        taps_.push_back(at * kBf16Channels);
      }
    }
  }
  // An odd pitch: channel blocks do not compete for one cache set.
  positions_ = (shape_.kernel[0] * axis1_.count() * axis2_.count() * plane) | 1;
}

// `count` in the fewest cuts of at most `most`; returns the longest.
static std::int64_t cut_evenly(std::int64_t count, std::int64_t most, std::int64_t* cuts) {
  *cuts = ceil_div(count, std::clamp<std::int64_t>(most, 1, count));
  return ceil_div(count, *cuts);
}

// A plane into at least `each` rectangles of at most `fit` positions: of whole rows where that is
// possible, but of no fewer columns than two tiles.
void Bf16Geometry::cut_rectangles(std::int64_t fit, std::int64_t each) {
  const std::int64_t full_rows = std::min(fit / width() - axis1_.halo, shape_.out[1] / each);
  rows_ = cut_evenly(shape_.out[1], full_rows, &row_cuts_);
  if (full_rows >= 1 && row_cuts_ >= each) return;
  const std::int64_t least = 2 * kernels_.pixels;
  const std::int64_t most = std::max(least, fit / (rows_ + axis1_.halo) - axis2_.halo);
  columns_ = cut_evenly(shape_.out[2], std::clamp(shape_.out[2] * row_cuts_ / each, least, most),
                        &column_cuts_);
}

// How large rectangles are, and what a chunk is.
void Bf16Geometry::cut(int threads) {
  constexpr std::int64_t kStaged = 384 << 10;  // bytes of x, so that it stays in L2 beside a panel
  constexpr std::int64_t kFewPixels = 112;     // a thread
  const std::int64_t planes = shape_.n * shape_.out[0];
  const std::int64_t pixels = planes * shape_.out[1] * shape_.out[2];
  const std::int64_t bytes =  // of x a position
      c_blocks() * parts() * kBf16Channels * 2 * shape_.kernel[0] * axis1_.count() * axis2_.count();
  const std::int64_t wanted = conv_chunks(pixels * panels(), flops() / 2, threads);
  // Panels that threads share evenly, or pixels that are too few for all: 3 panels are 2 and 1.
  const std::int64_t turns = ceil_div(panels(), threads);
  const bool even = 5 * turns * threads <= 6 * panels() || pixels < 4 * kernels_.pixels * threads;
  by_panels_ = wanted > 1 && pixels < kFewPixels * threads && panels() >= threads && even;
  rows_ = shape_.out[1], columns_ = shape_.out[2];
  if (!by_panels_) cut_rectangles(kStaged / bytes, ceil_div(wanted, planes));
  rectangles_ = planes * row_cuts_ * column_cuts_;
  together_ = kStaged / (bytes * (rows_ + axis1_.halo) * width());
  together_ = by_panels_ ? rectangles_ : std::clamp<std::int64_t>(together_, 1, rectangles_);
  chunks_ = std::min(wanted, by_panels_ ? panels() : rectangles_);
  stage_chunks_ = by_panels_ ? std::min(wanted, rectangles_ * c_blocks()) : 0;
}

// Whether tiles of positions cost less than tiles of pixels of a row; kTile is what a tile costs
// beside its pixels.
bool Bf16Geometry::is_flat() const {
  constexpr std::int64_t kTile = 2;
  const auto cost = [&](std::int64_t count) {
    const Bf16Pieces tiles = tiles_of(count);
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < tiles.pieces; i++) {
      const std::int64_t pixels = tiles.begin(i + 1) - tiles.begin(i);
      sum += ceil_div(pixels, kernels_.granule) * kernels_.granule + kTile;
    }
    return sum;
  };
  return cost((rows_ - 1) * width() + columns_) < rows_ * cost(columns_);
}

Bf16Geometry::Rectangle Bf16Geometry::rectangle(std::int64_t i) const {
  Rectangle r;
  const std::int64_t column = i % column_cuts_, row = i / column_cuts_ % row_cuts_;
  i /= column_cuts_ * row_cuts_;
  r.outer = i % shape_.out[0];
  r.image = i / shape_.out[0];
  r.row = row * shape_.out[1] / row_cuts_;
  r.rows = (row + 1) * shape_.out[1] / row_cuts_ - r.row;
  r.column = column * shape_.out[2] / column_cuts_;
  r.columns = (column + 1) * shape_.out[2] / column_cuts_ - r.column;
  return r;
}

Bf16Geometry::Panel Bf16Geometry::panel(std::int64_t i) const {
  const std::int64_t each = ceil_div(k_blocks(), kBf16Panel), first = i % each * kBf16Panel;
  const std::int64_t group = i / each;
  return {group, group * k_blocks() + first,
          std::min<std::int64_t>(kBf16Panel, k_blocks() - first)};
}

}  // namespace keel::simd
