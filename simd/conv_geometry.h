// Where a convolution reads and writes: output positions, kernel taps and the borders of the input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "simd/conv.h"
#include "simd/conv_tile.h"

namespace keel::simd {

// One axis of a lattice of outputs: output y_start + i * y_step, i < count, sums over taps that
// read input i * x_step + offset where that lies in [0, size).
struct ConvAxis {
  struct Tap {
    std::int64_t index;   // in the kernel
    std::int64_t offset;  // taps are sorted by it
  };
  std::int64_t size = 1;
  std::int64_t count = 1;
  std::int64_t y_start = 0, y_step = 1;
  std::int64_t x_step = 1;
  std::vector<Tap> taps;
};

// Outputs that share the same taps. A convolution is one lattice; a transposed one has a lattice
// for each residue of the output position modulo the stride.
struct ConvLattice {
  ConvAxis axis[kConvAxes];
  std::int64_t rows() const { return axis[0].count * axis[1].count; }
  std::int64_t taps() const {
    return static_cast<std::int64_t>(axis[0].taps.size() * axis[1].taps.size() *
                                     axis[2].taps.size());
  }
};

std::vector<ConvLattice> conv_lattices(const ConvShape& shape);

// The taps of a lattice in packed order, as indices into the kernel of W.
std::vector<std::int64_t> conv_kernel_indices(const ConvLattice& lattice,
                                              const ConvExtents& kernel);

// The taps of an axis that read inside the input at position i.
struct TapRange {
  std::int64_t begin, end;
  bool operator==(const TapRange& other) const { return begin == other.begin && end == other.end; }
};
TapRange taps_inside(const ConvAxis& axis, std::int64_t i);

// `count` pixels of one row of a lattice.
struct ConvRun {
  std::int64_t outer, row;    // positions on axes 0 and 1
  std::int64_t first, count;  // on axis 2
};

// The taps of a run that meet the input, written to `taps`; returns their end. `stride` is that of
// the tile kernel, 0 to make every tap Copied. Offsets count from x_offset() of the run, `pixel`
// floats a position of the input.
ConvTap* conv_taps(const ConvLattice& lattice, const ConvRun& run, int stride, std::int64_t pixel,
                   ConvTap* taps);

// Scratch for that many taps, a multiple of 64 bytes.
std::size_t conv_tap_bytes(std::int64_t taps);

// Index of the position that tap offset 0 reads for the first pixel; may lie outside the input.
std::int64_t conv_x_position(const ConvLattice& lattice, const ConvRun& run);
// Index of the first pixel's output, `out` being the extents of the output.
std::int64_t conv_y_position(const ConvLattice& lattice, const ConvRun& run,
                             const ConvExtents& out);

// A row of `count` pixels cut into runs of at most `longest`, as equal as can be; or as many of
// `longest` as there are, and what is left.
struct ConvCut {
  std::int64_t count = 0, runs = 0;
  std::int64_t shortest = 0, longer = 0;  // the first `longer` runs have one pixel more
  ConvCut(std::int64_t count, std::int64_t longest);
  static ConvCut longest_first(std::int64_t count, std::int64_t longest);
  std::int64_t begin(std::int64_t run) const {
    return std::min(run * shortest + std::min(run, longer), count);
  }
};

// Tile number `tile` of a lattice, rows outermost.
ConvRun conv_run(const ConvLattice& lattice, const ConvCut& cut, std::int64_t tile);

// Walks through the tiles of a lattice in order.
class ConvWalk {
 public:
  ConvWalk(const ConvLattice& lattice, const ConvCut& cut, std::int64_t tile)
      : lattice_(lattice), cut_(cut), run_(conv_run(lattice, cut, tile)), index_(tile % cut.runs) {}
  const ConvRun& run() const { return run_; }
  std::int64_t index() const { return index_; }  // of the run in its row
  void next();

 private:
  const ConvLattice& lattice_;
  const ConvCut& cut_;
  ConvRun run_;
  std::int64_t index_;
};

// The taps of a run, made anew only where they differ from those of the run before of its kind:
// first in its row, last, or between.
class ConvTapCache {
 public:
  // `memory`: conv_tap_bytes(3 * most taps of a lattice).
  ConvTapCache(const ConvLattice& lattice, int stride, ConvTap* memory)
      : lattice_(lattice), stride_(stride), memory_(memory) {}
  struct Taps {
    const ConvTap *begin, *end;
  };
  Taps of(const ConvRun& run, std::int64_t index);

 private:
  struct Key {
    TapRange range0, range1;
    std::int64_t index;  // of the run in its row; -1: no tap of it reaches a border
    ConvTap* end;
  };
  const ConvLattice& lattice_;
  int stride_;
  ConvTap* memory_;
  Key keys_[3] = {};
};

}  // namespace keel::simd
