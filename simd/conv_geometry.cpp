#include "simd/conv_geometry.h"

#include <algorithm>

#include "simd/conv_algorithm.h"

namespace keel::simd {
namespace {

ConvAxis forward_axis(const ConvShape& s, int a) {
  ConvAxis axis;
  axis.size = s.in[a];
  axis.count = s.out[a];
  axis.x_step = s.stride[a];
  for (std::int64_t k = 0; k < s.kernel[a]; k++) {
    axis.taps.push_back({k, k * s.dilation[a] - s.pad[a]});
  }
  return axis;
}

// Output r + i * stride takes input i + offset through tap k where
// (i + offset) * stride + k * dilation - pad = r + i * stride.
ConvAxis transposed_axis(const ConvShape& s, int a, std::int64_t residue) {
  ConvAxis axis;
  axis.size = s.in[a];
  axis.count = ceil_div(s.out[a] - residue, s.stride[a]);
  axis.y_start = residue;
  axis.y_step = s.stride[a];
  for (std::int64_t k = s.kernel[a] - 1; k >= 0; k--) {
    const std::int64_t distance = residue + s.pad[a] - k * s.dilation[a];
    if (distance % s.stride[a] == 0) axis.taps.push_back({k, distance / s.stride[a]});
  }
  return axis;
}

// Pixels of the run that a tap of axis 2 leaves outside on either side; false if it is all of them.
bool clip(const ConvAxis& axis, const ConvRun& run, std::int64_t offset, ConvTap* tap) {
  const std::int64_t first = run.first * axis.x_step + offset;  // position read for pixel 0
  std::int64_t left = 0, right = 0;
  if (first < 0) left = ceil_div(-first, axis.x_step);
  const std::int64_t last = first + (run.count - 1) * axis.x_step;
  if (last >= axis.size) right = ceil_div(last - axis.size + 1, axis.x_step);
  if (left + right >= run.count) return false;
  tap->left = static_cast<std::int32_t>(left);
  tap->right = static_cast<std::int32_t>(right);
  return true;
}

TapEdge edge_of(const ConvTap& tap, int stride) {
  if (stride == 0) return TapEdge::Copied;
  if (tap.left == 0 && tap.right == 0) return TapEdge::None;
  if (tap.left == 1 && tap.right == 0) return TapEdge::First;
  if (tap.left == 0 && tap.right == 1) return TapEdge::Last;
  return TapEdge::Copied;
}

}  // namespace

std::vector<ConvLattice> conv_lattices(const ConvShape& shape) {
  std::vector<ConvLattice> lattices(1);
  for (int a = 0; a < kConvAxes; a++) {
    std::vector<ConvLattice> longer;
    for (const ConvLattice& lattice : lattices) {
      const std::int64_t residues = shape.transposed ? std::min(shape.stride[a], shape.out[a]) : 1;
      for (std::int64_t r = 0; r < residues; r++) {
        longer.push_back(lattice);
        longer.back().axis[a] =
            shape.transposed ? transposed_axis(shape, a, r) : forward_axis(shape, a);
      }
    }
    lattices.swap(longer);
  }
  return lattices;
}

std::vector<std::int64_t> conv_kernel_indices(const ConvLattice& lattice,
                                              const ConvExtents& kernel) {
  std::vector<std::int64_t> indices;
  for (const ConvAxis::Tap& t0 : lattice.axis[0].taps) {
    for (const ConvAxis::Tap& t1 : lattice.axis[1].taps) {
      for (const ConvAxis::Tap& t2 : lattice.axis[2].taps) {
        indices.push_back((t0.index * kernel[1] + t1.index) * kernel[2] + t2.index);
      }
    }
  }
  return indices;
}

TapRange taps_inside(const ConvAxis& axis, std::int64_t i) {
  const std::int64_t base = i * axis.x_step;
  TapRange range = {0, static_cast<std::int64_t>(axis.taps.size())};
  while (range.begin < range.end && base + axis.taps[range.begin].offset < 0) range.begin++;
  while (range.end > range.begin && base + axis.taps[range.end - 1].offset >= axis.size) {
    range.end--;
  }
  return range;
}

ConvTap* conv_taps(const ConvLattice& lattice, const ConvRun& run, int stride, std::int64_t pixel,
                   ConvTap* taps) {
  const ConvAxis& a0 = lattice.axis[0];
  const ConvAxis& a1 = lattice.axis[1];
  const ConvAxis& a2 = lattice.axis[2];
  const auto rows = static_cast<std::int64_t>(a1.taps.size());
  const auto columns = static_cast<std::int64_t>(a2.taps.size());
  const TapRange range0 = taps_inside(a0, run.outer), range1 = taps_inside(a1, run.row);
  for (std::int64_t i = range0.begin; i < range0.end; i++) {
    for (std::int64_t j = range1.begin; j < range1.end; j++) {
      const std::int64_t offset = a0.taps[i].offset * a1.size + a1.taps[j].offset;
      for (std::int64_t k = 0; k < columns; k++) {
        if (!clip(a2, run, a2.taps[k].offset, taps)) continue;
        taps->x = (offset * a2.size + a2.taps[k].offset) * pixel;
        taps->w = (i * rows + j) * columns + k;
        taps->edge = edge_of(*taps, stride);
        taps++;
      }
    }
  }
  return taps;
}

std::size_t conv_tap_bytes(std::int64_t taps) {
  return (static_cast<std::size_t>(taps) * sizeof(ConvTap) + 63) / 64 * 64;
}

std::int64_t conv_x_position(const ConvLattice& lattice, const ConvRun& run) {
  const ConvAxis* axis = lattice.axis;
  const std::int64_t row = run.outer * axis[0].x_step * axis[1].size + run.row * axis[1].x_step;
  return row * axis[2].size + run.first * axis[2].x_step;
}

std::int64_t conv_y_position(const ConvLattice& lattice, const ConvRun& run,
                             const ConvExtents& out) {
  const ConvAxis* axis = lattice.axis;
  const auto at = [&](int a, std::int64_t i) { return axis[a].y_start + i * axis[a].y_step; };
  return (at(0, run.outer) * out[1] + at(1, run.row)) * out[2] + at(2, run.first);
}

ConvRun conv_run(const ConvLattice& lattice, const ConvCut& cut, std::int64_t tile) {
  const std::int64_t row = tile / cut.runs, i = tile % cut.runs;
  const std::int64_t rows = lattice.axis[1].count;
  return {row / rows, row % rows, cut.begin(i), cut.begin(i + 1) - cut.begin(i)};
}

void ConvWalk::next() {
  if (++index_ == cut_.runs) {
    index_ = 0;
    if (++run_.row == lattice_.axis[1].count) run_.row = 0, run_.outer++;
  }
  run_.first = cut_.begin(index_);
  run_.count = cut_.begin(index_ + 1) - run_.first;
}

ConvTapCache::Taps ConvTapCache::of(const ConvRun& run, std::int64_t index) {
  const ConvAxis& columns = lattice_.axis[2];
  const TapRange range0 = taps_inside(lattice_.axis[0], run.outer);
  const TapRange range1 = taps_inside(lattice_.axis[1], run.row);
  const std::int64_t first = run.first * columns.x_step;
  const std::int64_t last = first + (run.count - 1) * columns.x_step;
  const bool inner = columns.taps.empty() || (first + columns.taps.front().offset >= 0 &&
                                              last + columns.taps.back().offset < columns.size);
  const bool ends = run.first + run.count == columns.count;
  const int kind = inner ? 1 : ends ? 2 : 0;
  Key& key = keys_[kind];
  ConvTap* begin = memory_ + kind * lattice_.taps();
  if (inner) index = -1;
  if (key.end == nullptr || key.index != index || !(key.range0 == range0) ||
      !(key.range1 == range1)) {
    key = {range0, range1, index, conv_taps(lattice_, run, stride_, kConvBlock, begin)};
  }
  return {begin, key.end};
}

ConvCut::ConvCut(std::int64_t count, std::int64_t longest)
    : count(count), runs(ceil_div(count, longest)), shortest(count / runs), longer(count % runs) {}

ConvCut ConvCut::longest_first(std::int64_t count, std::int64_t longest) {
  ConvCut cut(count, longest);
  cut.shortest = longest;
  cut.longer = 0;
  return cut;
}

}  // namespace keel::simd
