// Winograd (see conv_winograd.cpp) for weights that are many and meet few tiles. Stored in full, U
// takes 16/9 (m = 2) or 4 times (m = 4) the memory of the weights, and reading it takes longer than
// the products. Here the weights lie packed as direct convolution reads them, and some input
// channels of a panel at a time become points just before they are used, in L2:
//
//   V [point][channel block][tile][16]                     made in a phase of its own
//   U [point][kExpandedChannels][16 * panel blocks]        of one thread, made over and over
//   M [point][block of the panel][tile][16]                sums over the channels so far
//
// Chunks are panels. Points are computed in float here, not in double: three roundings for one.
#include <algorithm>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"
#include "simd/conv_panels.h"
#include "simd/conv_tile.h"
#include "simd/conv_winograd_plane.h"

namespace keel::simd {
namespace {

class ExpandingWinogradConv : public ConvAlgorithm {
 public:
  ExpandingWinogradConv(const ConvShape& shape, const KernelTable& kernels, int threads, int m);
  void pack(const float* W, float* packed) const override { panels_.pack(W, packed); }
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  // What the products of a panel read and write.
  struct Products {
    ConvTileArgs tile;
    int blocks;  // of the panel
    const float* V;
    float *U, *M;
  };
  void run_panel(std::int64_t panel, const ConvArgs& args) const;
  void expand(const float* weights, std::int64_t channels, std::int64_t columns, float* U) const;
  void multiply(Products products, std::int64_t first_channel) const;

  std::int64_t c_blocks() const { return ceil_div(shape_.c, kConvBlock); }
  std::int64_t tile_count() const { return plane_.count(); }
  // Pitches with a few lines more than a power of two: points do not compete for one cache set.
  std::int64_t v_point() const { return (c_blocks() * tile_count() + 3) * kConvBlock; }
  std::int64_t m_point() const { return (tiles_.panel_blocks * tile_count() + 5) * kConvBlock; }
  std::int64_t u_point() const {
    return (kExpandedChannels * tiles_.panel_blocks + 1) * kConvBlock;
  }

  ConvShape shape_;
  const ConvTileKernels& tiles_;
  const WinogradKernels& kernels_;
  ConvPanels panels_;
  WinogradPlane plane_;
  std::int64_t chunks_[2];
};

ExpandingWinogradConv::ExpandingWinogradConv(const ConvShape& shape, const KernelTable& kernels,
                                             int threads, int m)
    : shape_(shape),
      tiles_(*kernels.conv_tile),
      kernels_(*kernels.winograd),
      panels_(shape, kernels),
      plane_(shape, kernels, m),
      chunks_{conv_chunks(c_blocks(), plane_.flops() / 20, threads),
              conv_chunks(panels_.count(), plane_.flops() / 3, threads)} {}

void ExpandingWinogradConv::summarize(ConvPlan* plan) const {
  plan->kernel = "winograd " + plane_.name() + " expanding";
  plan->packing = "panels " + std::to_string(panels_.width());
  plan->flops = plane_.flops();
  plan->packed_floats = panels_.floats();
  plan->thread_scratch =
      static_cast<std::size_t>(plane_.points() * (u_point() + m_point())) * sizeof(float);
  plan->shared_scratch = static_cast<std::size_t>(plane_.points() * v_point()) * sizeof(float);
  plan->phases = {chunks_[0], chunks_[1]};
}

void ExpandingWinogradConv::run(int phase, std::int64_t chunk, const ConvArgs& args) const {
  const std::int64_t pieces = phase == 0 ? c_blocks() : panels_.count();
  const std::int64_t end = (chunk + 1) * pieces / chunks_[phase];
  for (std::int64_t i = chunk * pieces / chunks_[phase]; i < end; i++) {
    if (phase == 1) {
      run_panel(i, args);
      continue;
    }
    float* V = static_cast<float*>(args.shared_scratch) + i * tile_count() * kConvBlock;
    plane_.transform(plane_.block(0, 1), i, args, V, v_point());
  }
}

void ExpandingWinogradConv::run_panel(std::int64_t panel, const ConvArgs& args) const {
  const ConvTap tap = {0, 0, 0, 0, TapEdge::None};
  Products p = {};
  p.blocks = panels_.blocks(panel);
  p.V = static_cast<const float*>(args.shared_scratch);
  p.U = static_cast<float*>(args.thread_scratch);
  p.M = p.U + plane_.points() * u_point();
  p.tile.x_block = p.tile.y_block = tile_count() * kConvBlock;
  p.tile.y_pixel = kConvBlock;
  p.tile.kernel_taps = 1;
  p.tile.taps = &tap;
  p.tile.taps_end = &tap + 1;
  const std::int64_t columns = p.blocks * kConvBlock;
  const float* weights = args.packed + panels_.offset(0, 0, panel);
  for (std::int64_t c = 0; c < shape_.c; c += kExpandedChannels) {
    p.tile.channels = std::min(kExpandedChannels, shape_.c - c);
    expand(weights, p.tile.channels, columns, p.U);
    weights += kExpandedChannels * 9 * columns;
    p.tile.ahead = weights;
    multiply(p, c);
  }
  for (int b = 0; b < p.blocks; b++) {
    plane_.leave(plane_.block(0, 1), panel * tiles_.panel_blocks + b, p.M + b * p.tile.y_block,
                 m_point(), args);
  }
}

void ExpandingWinogradConv::expand(const float* weights, std::int64_t channels,
                                   std::int64_t columns, float* U) const {
  for (std::int64_t c = 0; c < channels; c += kConvBlock) {
    WinogradExpandArgs a;
    a.channels = std::min(kConvBlock, channels - c);
    a.columns = columns;
    a.w = weights + c * 9 * columns;
    a.u = U + c * columns;
    a.u_point = u_point();
    kernels_.expand[plane_.index()](a);
  }
}

void ExpandingWinogradConv::multiply(Products p, std::int64_t first_channel) const {
  const ConvCut cut(tile_count(), tiles_.max_pixels);
  ConvTileArgs& a = p.tile;
  // The weights of the next step come into L2, even parts of them with every point.
  const std::int64_t ahead = 9 * p.blocks * kConvBlock / plane_.points();
  for (std::int64_t point = 0; point < plane_.points(); point++) {
    a.w = p.U + point * u_point();
    a.ahead_step = ahead;
    for (std::int64_t i = 0; i < cut.runs; i++) {
      a.x = p.V + point * v_point() + first_channel * tile_count() + cut.begin(i) * kConvBlock;
      a.y = p.M + point * m_point() + cut.begin(i) * kConvBlock;
      a.residual = first_channel == 0 ? nullptr : a.y;
      tiles_.tile[0][p.blocks - 1][cut.begin(i + 1) - cut.begin(i)](a);
      a.ahead_step = 0;
    }
    a.ahead += a.channels * ahead;
  }
}

}  // namespace

ConvPlan plan_expanding_winograd(const ConvShape& shape, const KernelTable& kernels, int threads,
                                 int m) {
  return plan_of(std::make_shared<ExpandingWinogradConv>(shape, kernels, threads, m));
}

}  // namespace keel::simd
