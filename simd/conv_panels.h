// Weights of dense convolutions, packed for the tile kernel.
//
//   [group][lattice][panel][block of input channels][tap][channel of the block][16 * panel blocks]
//
// Input channels are cut where the blocks of x are: a group that begins in the middle of a block
// has a short first one. Output channels count from the first of the group; the last panel has as
// many blocks as it needs, its lanes beyond the last channel hold 0.
#pragma once

#include <cstdint>
#include <vector>

#include "simd/conv_geometry.h"
#include "simd/conv_tile.h"
#include "simd/layout.h"

namespace keel::simd {

class ConvPanels {
 public:
  ConvPanels(const ConvShape& shape, const KernelTable& kernels);

  const std::vector<ConvLattice>& lattices() const { return lattices_; }
  std::int64_t count() const { return count_; }              // panels of a group
  std::int64_t width() const { return panel_blocks_ * 16; }  // channels of a full panel
  int blocks(std::int64_t panel) const;
  // The kernels for a panel, by pixels; `stride` is that of the kernels.
  const ConvTile* tiles(std::int64_t panel, int stride) const;
  std::int64_t floats() const { return floats_; }
  std::int64_t most_taps() const { return most_taps_; }  // of a lattice
  std::int64_t offset(std::int64_t group, std::int64_t lattice, std::int64_t panel) const;
  void pack(const float* W, float* packed) const;

 private:
  // Input channels of one group that lie in one block of x, and of one panel.
  struct Part {
    std::int64_t group, panel, channel, channels;
  };
  float* pack_part(const float* W, const Part& part, const std::vector<std::int64_t>& taps,
                   float* lanes, float* packed) const;
  void to_lanes(const float* W, const Part& part, std::int64_t block, float* lanes) const;

  ConvShape shape_;
  const LayoutKernels& layout_;
  const ConvTileKernels& tiles_;
  int panel_blocks_;
  std::vector<ConvLattice> lattices_;
  std::vector<std::int64_t> lattice_offset_;  // within a group
  std::int64_t count_, group_floats_ = 0, floats_ = 0, most_taps_ = 0;
};

}  // namespace keel::simd
