// Winograd's minimal filtering F(m x m, 3 x 3), m = 2 or 4 (Lavin and Gray, 2015), for 3x3 kernels:
//
//   Y = A^T [ (G g G^T) . (B^T d B) ] A        per tile of m x m outputs from a patch d of side^2
//
// Summed over channels the product . is a matrix product for each of the side^2 points, with
// 9 m^2 / side^2 times fewer multiplications than the direct sum: 4 for m = 4, 2.25 for m = 2.
//
// At stride 2, where y[i] = w0 x[2i] + w1 x[2i + 1] + w2 x[2i + 2], the even inputs meet a kernel
// of two weights, F(2, 2) with three points; the odd ones two plain products. That makes 5 points a
// side for 2 outputs, and 1.44 times fewer multiplications.
//
// A network's first convolution, 7x7 at stride 2, is F(3 x 3, 4 x 4) on the phases of its input
// (conv_phases.h), with 3 times fewer multiplications: 0.62 of the time of the direct sum.
//
// The result is within an NME of 2e-5; what direct sums make exact is not exact here.
//
//   V [point][channel block][tile][16]          transformed patches, in blocks of tiles
//   U [panel][point][channel][16 * panel blocks] transformed weights, packed
//   M [point][block of the panel][tile][16]      products of one panel
//
// Each panel of U meets all tiles of a block and its outputs leave before the next panel: U is read
// once a block, V stays in L2. Large planes are chunks of tile blocks that do all of it. Small ones
// transform the input in a phase of its own, then chunks are panels.
#include <algorithm>
#include <vector>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"
#include "simd/conv_tile.h"
#include "simd/conv_winograd_plane.h"

namespace keel::simd {
namespace {

class WinogradConv : public ConvAlgorithm {
 public:
  WinogradConv(const ConvShape& shape, const KernelTable& kernels, int threads, int m);
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  std::int64_t points() const { return plane_.points(); }
  std::int64_t channels() const { return plane_.channels(); }
  std::int64_t c_blocks() const { return ceil_div(channels(), kConvBlock); }
  std::int64_t k_blocks() const { return ceil_div(shape_.k, kConvBlock); }
  // Pitches with a few lines more than a power of two: points do not compete for one cache set.
  std::int64_t v_point() const { return (c_blocks() * block_tiles_ + 3) * kConvBlock; }
  std::int64_t m_point() const { return (tiles_.panel_blocks * block_tiles_ + 5) * kConvBlock; }

  std::int64_t tiles_at_once() const;
  using Tiles = WinogradPlane::Tiles;
  void transform(Tiles tiles, std::int64_t c_block, const ConvArgs& args, float* V) const {
    plane_.transform(tiles, c_block, args, V + c_block * block_tiles_ * kConvBlock, v_point());
  }
  void multiply(Tiles tiles, std::int64_t panel, const float* V, const ConvArgs& args,
                float* M) const;

  ConvShape shape_;
  const ConvTileKernels& tiles_;
  const WinogradKernels& kernels_;
  WinogradPlane plane_;
  std::int64_t panels_;
  std::int64_t block_tiles_, blocks_;  // tiles of the largest block, blocks
  bool by_panels_ = false;
  std::int64_t transform_chunks_ = 0, chunks_ = 1;
};

WinogradConv::WinogradConv(const ConvShape& shape, const KernelTable& kernels, int threads, int m)
    : shape_(shape),
      tiles_(*kernels.conv_tile),
      kernels_(*kernels.winograd),
      plane_(shape, kernels, m),
      panels_(ceil_div(ceil_div(shape.k, kConvBlock), tiles_.panel_blocks)) {
  const std::int64_t all_tiles = plane_.count();
  blocks_ = ceil_div(all_tiles, tiles_at_once());
  std::int64_t wanted = conv_chunks(all_tiles * panels_, plane_.flops() / 3, threads);
  if (wanted > 1) {
    // Blocks of tiles where every thread has some that are worth the weights they read; panels
    // else; where there are too few of both, whichever are more.
    const std::int64_t large = all_tiles / (2 * tiles_.max_pixels);
    const std::int64_t small = all_tiles / ceil_div(tiles_.max_pixels, 2);
    by_panels_ = large < threads && (panels_ >= threads || panels_ >= small);
    if (!by_panels_) wanted = std::clamp<std::int64_t>(large < threads ? small : large, 1, wanted);
    if (!by_panels_ && wanted > threads) wanted -= wanted % threads;
    blocks_ = by_panels_ ? 1 : ceil_div(blocks_, wanted) * wanted;
  }
  blocks_ = std::min(blocks_, all_tiles);
  block_tiles_ = ceil_div(all_tiles, blocks_);
  chunks_ = by_panels_ ? std::min(wanted, panels_) : std::min(wanted, blocks_);
  transform_chunks_ = by_panels_ ? std::min(wanted, c_blocks()) : 0;
}

// Blocks of tiles whose V stays in L2 read U most often. Where that is most of what is read, V
// comes from further away for every panel and U passes less often: 512 channels at 28x28 and at
// 14x14 took 6 and 16 % less time so, 256 at 56x56 as long, 128 at 112x112 6 % more.
std::int64_t WinogradConv::tiles_at_once() const {
  constexpr std::int64_t kNearBytes = 640 << 10, kFarBytes = 4 << 20;
  constexpr double kFarCost = 1.5;  // of a byte of V; U comes in one piece, and is prefetched
  const std::int64_t tile_bytes = 4 * points() * c_blocks() * kConvBlock;
  // Of few channel blocks, M is as large as V.
  const std::int64_t m_bytes = 4 * points() * tiles_.panel_blocks * kConvBlock;
  const std::int64_t near_bytes = tile_bytes + (2 * m_bytes >= tile_bytes ? m_bytes : 0);
  // Whole tiles of registers: 17 would be two of 8 and 9.
  const std::int64_t near =
      std::max<std::int64_t>(kNearBytes / near_bytes / tiles_.max_pixels, 1) * tiles_.max_pixels;
  const std::int64_t far = std::max(near, kFarBytes / tile_bytes);
  const std::int64_t u_bytes = 4 * points() * channels() * k_blocks() * kConvBlock;
  const auto cost = [&](std::int64_t tiles, double v_cost) {
    return static_cast<double>(ceil_div(plane_.count(), tiles) * u_bytes) +
           v_cost * static_cast<double>(plane_.count() * tile_bytes * panels_);
  };
  return cost(far, kFarCost) < cost(near, 0) ? far : near;
}

void WinogradConv::summarize(ConvPlan* plan) const {
  plan->kernel = "winograd " + plane_.name();
  plan->packing = plan->kernel + " " + std::to_string(tiles_.panel_blocks);
  plan->flops = plane_.flops();
  plan->row_step = by_panels_ ? 0 : plane_.form().m;
  plan->packed_floats = points() * channels() * k_blocks() * kConvBlock;
  const auto v_bytes = static_cast<std::size_t>(points() * v_point()) * sizeof(float);
  const auto m_bytes = static_cast<std::size_t>(points() * m_point()) * sizeof(float);
  plan->thread_scratch = by_panels_ ? m_bytes : v_bytes + m_bytes;
  plan->shared_scratch = by_panels_ ? v_bytes : 0;
  plan->phases = {chunks_};
  if (by_panels_) plan->phases.insert(plan->phases.begin(), transform_chunks_);
}

// 16 channels of 16 features at a time: W is read in rows, U written in whole cache lines.
void WinogradConv::pack(const float* W, float* packed) const {
  const std::int64_t taps = plane_.form().taps;
  std::vector<float> lanes(kConvBlock * taps * taps * kConvBlock);
  for (std::int64_t panel = 0; panel < panels_; panel++) {
    const std::int64_t first = panel * tiles_.panel_blocks;
    const std::int64_t blocks = std::min<std::int64_t>(tiles_.panel_blocks, k_blocks() - first);
    const std::int64_t columns = blocks * kConvBlock;
    float* u = packed + first * kConvBlock * points() * channels();
    for (std::int64_t c = 0; c < channels(); c += kConvBlock) {
      const std::int64_t some = std::min(kConvBlock, channels() - c);
      for (std::int64_t b = 0; b < blocks; b++) {
        plane_.gather_weights(W, (first + b) * kConvBlock, c, some, lanes.data());
        kernels_.weights[plane_.index()](
            {lanes.data(), some, u + c * columns + b * kConvBlock, columns, channels() * columns});
      }
    }
  }
}

void WinogradConv::run(int phase, std::int64_t chunk, const ConvArgs& args) const {
  auto* mine = static_cast<float*>(args.thread_scratch);
  if (by_panels_) {
    auto* V = static_cast<float*>(args.shared_scratch);
    const std::int64_t n = phase == 0 ? c_blocks() : panels_;
    const std::int64_t chunks = phase == 0 ? transform_chunks_ : chunks_;
    for (std::int64_t i = chunk * n / chunks; i < (chunk + 1) * n / chunks; i++) {
      phase == 0 ? transform(plane_.block(0, 1), i, args, V)
                 : multiply(plane_.block(0, 1), i, V, args, mine);
    }
    return;
  }
  float* M = mine + points() * v_point();
  for (std::int64_t b = chunk * blocks_ / chunks_; b < (chunk + 1) * blocks_ / chunks_; b++) {
    const Tiles tiles = plane_.block(b, blocks_, args.done);
    for (std::int64_t i = 0; i < c_blocks(); i++) transform(tiles, i, args, mine);
    for (std::int64_t i = 0; i < panels_; i++) multiply(tiles, i, mine, args, M);
  }
}

void WinogradConv::multiply(Tiles tiles, std::int64_t panel, const float* V, const ConvArgs& args,
                            float* M) const {
  const std::int64_t first = panel * tiles_.panel_blocks;
  const std::int64_t blocks = std::min<std::int64_t>(tiles_.panel_blocks, k_blocks() - first);
  const ConvTap tap = {0, 0, 0, 0, TapEdge::None};
  ConvTileArgs a = {};
  a.x_block = a.y_block = block_tiles_ * kConvBlock;
  a.channels = channels();
  a.kernel_taps = 1;
  a.taps = &tap;
  a.taps_end = &tap + 1;
  a.y_pixel = kConvBlock;
  a.w = args.packed + first * kConvBlock * points() * channels();
  const ConvCut cut(tiles.end - tiles.begin, tiles_.max_pixels);
  // Few tiles use each weight few times: while one point's weights are used those of the next,
  // which lie behind them, come into L2 in lines as even as can be.
  const std::int64_t lines = cut.runs == 1 ? blocks : 1;
  const std::int64_t prefetching = ceil_div(blocks, lines);
  for (std::int64_t point = 0; point < points(); point++) {
    for (std::int64_t i = 0; i < cut.runs; i++) {
      a.ahead = a.w + (blocks + i) * channels() * kConvBlock;
      a.ahead_step = i < prefetching ? lines * kConvBlock : 0;
      a.x = V + point * v_point() + cut.begin(i) * kConvBlock;
      a.y = M + point * m_point() + cut.begin(i) * kConvBlock;
      tiles_.tile[0][blocks - 1][cut.begin(i + 1) - cut.begin(i)](a);
    }
    a.w += channels() * blocks * kConvBlock;
  }
  for (std::int64_t b = 0; b < blocks; b++)
    plane_.leave(tiles, first + b, M + b * a.y_block, m_point(), args);
}

}  // namespace

ConvPlan plan_winograd(const ConvShape& shape, const KernelTable& kernels, int threads, int m) {
  return plan_of(std::make_shared<WinogradConv>(shape, kernels, threads, m));
}

}  // namespace keel::simd
