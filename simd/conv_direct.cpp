// Direct convolution in register tiles: any rank, group, stride, dilation, padding, transposed or
// not. Each tile is a run of pixels of one row x a panel of output channels of one group.
#include <algorithm>
#include <cassert>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"
#include "simd/conv_panels.h"

namespace keel::simd {
namespace {

class DirectConv : public ConvAlgorithm {
 public:
  DirectConv(const ConvShape& shape, const KernelTable& kernels, int threads);
  void pack(const float* W, float* packed) const override { panels_.pack(W, packed); }
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;

  const ConvPanels& panels() const { return panels_; }
  std::int64_t chunks() const { return chunks_; }
  double flops() const { return flops_; }

 private:
  // A part of the work: some tiles of one lattice x some panels of one group of one image.
  struct Piece {
    std::int64_t image, group, lattice;
    std::int64_t panel_begin, panel_end, tile_begin, tile_end;
  };
  Piece piece(std::int64_t index) const;
  void run_piece(const Piece& piece, const ConvArgs& args) const;
  void run_tiles(const Piece& piece, std::int64_t panel, std::int64_t begin, std::int64_t end,
                 const ConvTileArgs& panel_args, ConvTapCache* taps) const;
  std::int64_t tiles_of(std::size_t lattice) const {
    return panels_.lattices()[lattice].rows() * cuts_[lattice].runs;
  }
  std::int64_t tiles_per_block(const Piece& piece) const;
  void split(int threads);

  ConvShape shape_;
  const ConvTileKernels& tiles_;
  ConvPanels panels_;
  std::vector<ConvCut> cuts_;  // of the rows of each lattice
  bool far_outputs_;
  int stride_;  // of the tile kernels; 0: every tap is copied
  std::int64_t tile_parts_ = 1, panel_parts_ = 1;
  std::int64_t pieces_ = 1, chunks_ = 1;
  double flops_ = 0;
};

DirectConv::DirectConv(const ConvShape& shape, const KernelTable& kernels, int threads)
    : shape_(shape), tiles_(*kernels.conv_tile), panels_(shape, kernels) {
  for (const ConvLattice& lattice : panels_.lattices()) {
    cuts_.emplace_back(lattice.axis[2].count, tiles_.max_pixels);
    flops_ += 2.0 * static_cast<double>(lattice.rows() * lattice.axis[2].count * lattice.taps());
  }
  flops_ *= static_cast<double>(shape.n * shape.k * (shape.c / shape.group));
  const std::int64_t step = panels_.lattices()[0].axis[2].x_step;
  stride_ = step <= 2 ? static_cast<int>(step) : 0;
  constexpr std::int64_t kFar = 512 << 10;
  const std::int64_t y_bytes = ceil_div(shape.k, kConvBlock) * kConvBlock * product(shape.out) * 4;
  far_outputs_ = y_bytes * (shape.residual ? 2 : 1) > kFar;
  split(threads);
}

// Large planes are cut by tiles, small ones by panels.
void DirectConv::split(int threads) {
  const std::int64_t units =
      shape_.n * shape_.group * static_cast<std::int64_t>(panels_.lattices().size());
  std::int64_t tiles = 0, pixels = 0;
  for (std::size_t i = 0; i < cuts_.size(); i++) {
    tiles = std::max(tiles, tiles_of(i));
    pixels = std::max(pixels, panels_.lattices()[i].rows() * panels_.lattices()[i].axis[2].count);
  }
  // Lanes without a channel cost as much as those with one.
  const std::int64_t k = shape_.k / shape_.group;
  const double lanes = static_cast<double>(ceil_div(k, kConvBlock) * kConvBlock);
  const std::int64_t wanted = conv_chunks(units * tiles * panels_.count(),
                                          flops_ * lanes / static_cast<double>(k), threads);
  const std::int64_t parts = ceil_div(wanted, units);
  if (pixels >= kLargePlane) {
    tile_parts_ = std::min(parts, tiles);
    panel_parts_ = std::min(ceil_div(parts, tile_parts_), panels_.count());
  } else {
    panel_parts_ = std::min(parts, panels_.count());
    tile_parts_ = std::min(ceil_div(parts, panel_parts_), tiles);
  }
  pieces_ = units * tile_parts_ * panel_parts_;
  chunks_ = std::min(wanted, pieces_);
}

DirectConv::Piece DirectConv::piece(std::int64_t index) const {
  Piece p;
  const auto take = [&index](std::int64_t n) {
    const std::int64_t digit = index % n;
    index /= n;
    return digit;
  };
  const std::int64_t tile_part = take(tile_parts_);
  const std::int64_t panel_part = take(panel_parts_);
  p.lattice = take(static_cast<std::int64_t>(cuts_.size()));
  p.group = take(shape_.group);
  p.image = index;
  const std::int64_t tiles = tiles_of(p.lattice);
  p.tile_begin = tile_part * tiles / tile_parts_;
  p.tile_end = (tile_part + 1) * tiles / tile_parts_;
  p.panel_begin = panel_part * panels_.count() / panel_parts_;
  p.panel_end = (panel_part + 1) * panels_.count() / panel_parts_;
  return p;
}

void DirectConv::run(int, std::int64_t chunk, const ConvArgs& args) const {
  const std::int64_t end = (chunk + 1) * pieces_ / chunks_;
  for (std::int64_t i = chunk * pieces_ / chunks_; i < end; i++) run_piece(piece(i), args);
}

// Where the pixels of a piece stay in L2, each panel of weights is read once and meets them all.
// Where they do not, blocks of tiles meet all panels in turn.
std::int64_t DirectConv::tiles_per_block(const Piece& p) const {
  constexpr std::int64_t kPiece = 384 << 10, kBlockBytes = 192 << 10;
  const std::int64_t tiles = p.tile_end - p.tile_begin;
  const std::int64_t bytes = 4 * (shape_.c / shape_.group) * cuts_[p.lattice].shortest *
                             panels_.lattices()[p.lattice].axis[2].x_step;
  if (bytes * tiles <= kPiece) return tiles;
  return std::max<std::int64_t>(1, kBlockBytes / bytes);
}

void DirectConv::run_piece(const Piece& p, const ConvArgs& args) const {
  const ConvLattice& lattice = panels_.lattices()[p.lattice];
  const std::int64_t in = product(shape_.in) * kConvBlock, out = product(shape_.out) * kConvBlock;
  const std::int64_t c = p.group * (shape_.c / shape_.group);
  ConvTileArgs a = {};
  a.x = args.x + p.image * shape_.x_image + c / kConvBlock * in;
  a.x_pixel = lattice.axis[2].x_step * kConvBlock;
  a.x_block = in;
  a.first_lane = c % kConvBlock;
  a.channels = shape_.c / shape_.group;
  a.kernel_taps = lattice.taps();
  a.y_pixel = lattice.axis[2].y_step * kConvBlock;
  a.y_block = out;
  a.activation = shape_.activation;
  a.far_outputs = far_outputs_;
  ConvTapCache taps(lattice, stride_, static_cast<ConvTap*>(args.thread_scratch));
  const std::int64_t step = tiles_per_block(p);
  for (std::int64_t begin = p.tile_begin; begin < p.tile_end; begin += step) {
    const std::int64_t end = std::min(begin + step, p.tile_end);
    for (std::int64_t panel = p.panel_begin; panel < p.panel_end; panel++) {
      const std::int64_t k = p.group * (shape_.k / shape_.group) + panel * panels_.width();
      a.w = args.packed + panels_.offset(p.group, p.lattice, panel);
      a.bias = shape_.bias ? args.bias + k : nullptr;
      a.y = args.y + p.image * shape_.y_image + k / kConvBlock * out;
      a.residual = shape_.residual
                       ? args.residual + p.image * shape_.residual_image + k / kConvBlock * out
                       : nullptr;
      run_tiles(p, panel, begin, end, a, &taps);
    }
  }
}

// Tiles [begin, end) of one panel; `panel_args` point to position 0.
void DirectConv::run_tiles(const Piece& p, std::int64_t panel, std::int64_t begin, std::int64_t end,
                           const ConvTileArgs& panel_args, ConvTapCache* taps) const {
  const ConvLattice& lattice = panels_.lattices()[p.lattice];
  const ConvTile* tiles = panels_.tiles(panel, stride_);
  ConvTileArgs a = panel_args;
  // While this panel is used the next comes into L2, a few lines a tile.
  const std::int64_t panel_floats = a.channels * a.kernel_taps * panels_.width();
  const float* next = panel_args.w + panel_floats;
  const float* next_end = panel + 1 < p.panel_end ? next + panel_floats : next;
  ConvWalk walk(lattice, cuts_[p.lattice], begin);
  for (std::int64_t t = begin; t < end; t++, walk.next()) {
    const ConvRun& run = walk.run();
    const ConvTapCache::Taps list = taps->of(run, walk.index());
    a.taps = list.begin;
    a.taps_end = list.end;
    const std::int64_t y = conv_y_position(lattice, run, shape_.out) * kConvBlock;
    a.x = panel_args.x + conv_x_position(lattice, run) * kConvBlock;
    a.y = panel_args.y + y;
    if (a.residual) a.residual = panel_args.residual + y;
    a.ahead = next;
    a.ahead_step = next < next_end ? kConvBlock : 0;
    next += (list.end - list.begin) * a.channels * a.ahead_step;
    tiles[run.count](a);
  }
}

}  // namespace

ConvPlan plan_direct(const ConvShape& shape, const KernelTable& kernels, int threads) {
  const ConvTileKernels& tiles = *kernels.conv_tile;
  auto algorithm = std::make_shared<DirectConv>(shape, kernels, threads);
  ConvPlan plan;
  const ConvPanels& panels = algorithm->panels();
  plan.kernel = "direct " + std::to_string(tiles.max_pixels) + "x" + std::to_string(panels.width());
  plan.packing = "panels " + std::to_string(panels.width());
  plan.flops = algorithm->flops();
  plan.packed_floats = panels.floats();
  plan.thread_scratch = conv_tap_bytes(3 * panels.most_taps());
  plan.phases = {algorithm->chunks()};
  plan.algorithm = std::move(algorithm);
  return plan;
}

}  // namespace keel::simd
