// The weights of Strassen's product as conv_strassen.cpp reads them. A panel pair holds columns of
// both halves of the output channels:
//
//   [A11, A12, A1r, A21, -A22, A2r][channel][16 * panel blocks]
//
// r: the input channels behind the halves. The sums of them that the products also take are made by
// the first pair of tiles that meets a panel: so the weights take no more memory than those of the
// plain sum, of which packed sums took 7/4. (Sums made in a pass of their own cost 5 to 7 % of
// BERT's products, sums made by every pair of tiles up to 5 % of ViT's: both are bound by L2.)
#pragma once

#include <algorithm>

#include "simd/conv_algorithm.h"

namespace keel::simd {

class StrassenWeights {
 public:
  StrassenWeights(const ConvShape& shape, int panel_blocks);
  void pack(const float* W, float* packed) const;

  // Channel blocks of a half of the input channels, of the output channels.
  std::int64_t half() const { return half_; }
  std::int64_t k_half() const { return k_half_; }
  std::int64_t half_channels() const { return half_ * kConvBlock; }
  std::int64_t rest_channels() const { return c_ - 2 * half_channels(); }

  // Panels of either half of the output channels; channel blocks of one, and of those before it.
  std::int64_t panels() const { return ceil_div(k_half_, panel_blocks_); }
  std::int64_t panel_begin(std::int64_t panel) const { return panel * panel_blocks_; }
  std::int64_t panel_blocks(std::int64_t panel) const {
    return std::min(panel_blocks_, k_half_ - panel_begin(panel));
  }
  // A panel pair in `packed`.
  std::int64_t panel_floats(std::int64_t panel) const {
    return panel_blocks(panel) * block_floats();
  }
  std::int64_t panel_offset(std::int64_t panel) const {
    return panel_begin(panel) * block_floats();
  }
  std::int64_t floats() const { return k_half_ * block_floats(); }

 private:
  std::int64_t block_floats() const { return 2 * c_ * kConvBlock; }
  void gather_columns(const float* W, std::int64_t k, std::int64_t columns, float* gathered) const;

  std::int64_t c_, k_;  // channels
  bool by_input_;
  std::int64_t half_, k_half_, panel_blocks_;
};

}  // namespace keel::simd
