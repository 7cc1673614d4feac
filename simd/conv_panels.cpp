#include "simd/conv_panels.h"

#include <algorithm>

#include "simd/conv_algorithm.h"

namespace keel::simd {

ConvPanels::ConvPanels(const ConvShape& shape, int panel_blocks)
    : shape_(shape), panel_blocks_(panel_blocks), lattices_(conv_lattices(shape)) {
  const std::int64_t blocks = ceil_div(shape.k / shape.group, kConvBlock);
  count_ = ceil_div(blocks, panel_blocks);
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

std::int64_t ConvPanels::offset(std::int64_t group, std::int64_t lattice,
                                std::int64_t panel) const {
  return group * group_floats_ + lattice_offset_[lattice] +
         panel * width() * (shape_.c / shape_.group) * lattices_[lattice].taps();
}

void ConvPanels::pack(const float* W, float* packed) const {
  for (std::int64_t group = 0; group < shape_.group; group++) {
    for (const ConvLattice& lattice : lattices_) {
      for (std::int64_t panel = 0; panel < count_; panel++) {
        packed = pack_panel(W, group, lattice, panel, packed);
      }
    }
  }
}

float* ConvPanels::pack_panel(const float* W, std::int64_t group, const ConvLattice& lattice,
                              std::int64_t panel, float* packed) const {
  const std::int64_t cg = shape_.c / shape_.group, kg = shape_.k / shape_.group;
  const std::int64_t kernel = product(shape_.kernel);
  const std::int64_t k_stride = shape_.transposed ? kernel : cg * kernel;
  const std::int64_t c_stride = shape_.transposed ? kg * kernel : kernel;
  // W of the group's first input and the panel's first output channel.
  W += shape_.transposed ? group * cg * c_stride : group * kg * k_stride;
  W += panel * width() * k_stride;
  const std::int64_t columns = blocks(panel) * kConvBlock;
  const std::int64_t real = std::min(columns, kg - panel * width());
  const std::vector<std::int64_t> taps = conv_kernel_indices(lattice, shape_.kernel);
  for (std::int64_t c = 0, rows; c < cg; c += rows) {
    rows = std::min(cg - c, kConvBlock - (group * cg + c) % kConvBlock);
    for (std::int64_t tap : taps) {
      for (std::int64_t row = c; row < c + rows; row++) {
        const float* from = W + tap + row * c_stride;
        for (std::int64_t k = 0; k < columns; k++) {
          *packed++ = k < real ? from[k * k_stride] : 0.0f;
        }
      }
    }
  }
  return packed;
}

}  // namespace keel::simd
