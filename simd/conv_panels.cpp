#include "simd/conv_panels.h"

#include <algorithm>

#include "simd/conv_algorithm.h"
#include "simd/kernel_table.h"

namespace keel::simd {

ConvPanels::ConvPanels(const ConvShape& shape, const KernelTable& kernels)
    : shape_(shape),
      layout_(*kernels.layout),
      tiles_(*kernels.conv_tile),
      panel_blocks_(kernels.conv_tile->panel_blocks),
      lattices_(conv_lattices(shape)) {
  const std::int64_t blocks = ceil_div(shape.k / shape.group, kConvBlock);
  count_ = ceil_div(blocks, panel_blocks_);
  for (const ConvLattice& lattice : lattices_) {
    lattice_offset_.push_back(group_floats_);
    group_floats_ += shape.c / shape.group * lattice.taps() * blocks * kConvBlock;
    most_taps_ = std::max(most_taps_, lattice.taps());
  }
  floats_ = group_floats_ * shape.group;
}

int ConvPanels::blocks(std::int64_t panel) const {
  const std::int64_t all = ceil_div(shape_.k / shape_.group, kConvBlock);
  return static_cast<int>(std::min<std::int64_t>(panel_blocks_, all - panel * panel_blocks_));
}

const ConvTile* ConvPanels::tiles(std::int64_t panel, int stride) const {
  const int last = blocks(panel) - 1;
  const std::int64_t missing = (panel + 1) * width() - shape_.k / shape_.group;
  const bool half = missing % kConvBlock >= kConvBlock / 2 && missing > 0 && stride != 2;
  if (half && tiles_.half[last][1] != nullptr) return tiles_.half[last];
  return tiles_.tile[stride == 2 ? 1 : 0][last];
}

std::int64_t ConvPanels::offset(std::int64_t group, std::int64_t lattice,
                                std::int64_t panel) const {
  return group * group_floats_ + lattice_offset_[lattice] +
         panel * width() * (shape_.c / shape_.group) * lattices_[lattice].taps();
}

void ConvPanels::pack(const float* W, float* packed) const {
  const std::int64_t cg = shape_.c / shape_.group;
  std::vector<float> lanes(static_cast<std::size_t>(kConvBlock * product(shape_.kernel)) *
                           kConvBlock);
  for (std::int64_t group = 0; group < shape_.group; group++) {
    for (const ConvLattice& lattice : lattices_) {
      const std::vector<std::int64_t> taps = conv_kernel_indices(lattice, shape_.kernel);
      for (std::int64_t panel = 0; panel < count_; panel++) {
        for (std::int64_t c = 0, rows; c < cg; c += rows) {
          rows = std::min(cg - c, kConvBlock - (group * cg + c) % kConvBlock);
          packed = pack_part(W, {group, panel, c, rows}, taps, lanes.data(), packed);
        }
      }
    }
  }
}

// By way of `lanes`: [channel][tap of the whole kernel][16 output channels]: W is read in rows, and
// what is written leaves in whole cache lines.
float* ConvPanels::pack_part(const float* W, const Part& part,
                             const std::vector<std::int64_t>& taps, float* lanes,
                             float* packed) const {
  const std::int64_t kernel = product(shape_.kernel);
  const std::int64_t columns = blocks(part.panel) * kConvBlock;
  for (int b = 0; b < blocks(part.panel); b++) {
    to_lanes(W, part, part.panel * panel_blocks_ + b, lanes);
    float* to = packed + b * kConvBlock;
    for (std::int64_t tap : taps) {
      for (std::int64_t c = 0; c < part.channels; c++, to += columns) {
        std::copy_n(lanes + (c * kernel + tap) * kConvBlock, kConvBlock, to);
      }
    }
  }
  return packed + static_cast<std::int64_t>(taps.size()) * part.channels * columns;
}

void ConvPanels::to_lanes(const float* W, const Part& part, std::int64_t block,
                          float* lanes) const {
  const std::int64_t cg = shape_.c / shape_.group, kg = shape_.k / shape_.group;
  const std::int64_t kernel = product(shape_.kernel), k = block * kConvBlock;
  const std::int64_t real = std::min(kConvBlock, kg - k);
  if (!shape_.transposed) {
    const float* from = W + ((part.group * kg + k) * cg + part.channel) * kernel;
    layout_.rows_to_block(from, cg * kernel, lanes, real, part.channels * kernel);
    return;
  }
  for (std::int64_t c = 0; c < part.channels; c++, lanes += kernel * kConvBlock) {
    const float* from = W + ((part.group * cg + part.channel + c) * kg + k) * kernel;
    layout_.rows_to_block(from, kernel, lanes, real, kernel);
  }
}

}  // namespace keel::simd
