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
#include "simd/layout.h"
#include "simd/winograd.h"

namespace keel::simd {
namespace {

int form_index(int m, std::int64_t stride) {
  int i = 0;
  while (kWinogradForms[i].m != m || kWinogradForms[i].stride != stride) i++;
  return i;
}

class WinogradConv : public ConvAlgorithm {
 public:
  WinogradConv(const ConvShape& shape, const KernelTable& kernels, int threads, int m);
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  std::int64_t points() const { return form_.side * form_.side; }
  std::int64_t c_blocks() const { return ceil_div(shape_.c, kConvBlock); }
  std::int64_t k_blocks() const { return ceil_div(shape_.k, kConvBlock); }
  // Pitches with a few lines more than a power of two: points do not compete for one cache set.
  std::int64_t v_point() const { return (c_blocks() * block_tiles_ + 3) * kConvBlock; }
  std::int64_t m_point() const { return (tiles_.panel_blocks * block_tiles_ + 5) * kConvBlock; }

  // Tiles [begin, end) of all images; `block` counts from 0.
  struct Tiles {
    std::int64_t begin, end;
  };
  Tiles block(std::int64_t i) const {
    return {i * all_tiles_ / blocks_, (i + 1) * all_tiles_ / blocks_};
  }
  void transform(Tiles tiles, std::int64_t c_block, const ConvArgs& args, float* V) const;
  void multiply(Tiles tiles, std::int64_t panel, const float* V, const ConvArgs& args,
                float* M) const;
  void leave(Tiles tiles, std::int64_t k_block, const float* M, const ConvArgs& args) const;

  ConvShape shape_;
  const ConvTileKernels& tiles_;
  const WinogradKernels& kernels_;
  const LayoutKernels& layout_;
  int index_;  // of the form
  WinogradForm form_;
  std::int64_t tile_rows_, tile_columns_, all_tiles_;
  std::int64_t panels_;
  std::int64_t block_tiles_, blocks_;  // tiles of the largest block, blocks
  bool by_panels_ = false;
  std::int64_t transform_chunks_ = 0, chunks_ = 1;
  double flops_;
};

WinogradConv::WinogradConv(const ConvShape& shape, const KernelTable& kernels, int threads, int m)
    : shape_(shape),
      tiles_(*kernels.conv_tile),
      kernels_(*kernels.winograd),
      layout_(*kernels.layout),
      index_(form_index(m, shape.stride[1])),
      form_(kWinogradForms[index_]),
      tile_rows_(ceil_div(shape.out[1], m)),
      tile_columns_(ceil_div(shape.out[2], m)),
      all_tiles_(shape.n * tile_rows_ * tile_columns_),
      panels_(ceil_div(ceil_div(shape.k, kConvBlock), tiles_.panel_blocks)) {
  flops_ = 18.0 * static_cast<double>(shape.n * product(shape.out) * shape.k * shape.c);
  constexpr std::int64_t kBytes = 640 << 10;  // of V, so that it stays in L2
  const std::int64_t tile_bytes = 4 * points() * c_blocks() * kConvBlock;
  const std::int64_t fit = std::max<std::int64_t>(tiles_.max_pixels, kBytes / tile_bytes);
  blocks_ = ceil_div(all_tiles_, fit);
  std::int64_t wanted = conv_chunks(all_tiles_ * panels_, flops_ / 3, threads);
  if (wanted > 1) {
    // Blocks of tiles where every thread has some that are worth the weights they read; panels
    // else; where there are too few of both, whichever are more.
    const std::int64_t large = all_tiles_ / (2 * tiles_.max_pixels);
    const std::int64_t small = all_tiles_ / ceil_div(tiles_.max_pixels, 2);
    by_panels_ = large < threads && (panels_ >= threads || panels_ >= small);
    if (!by_panels_) wanted = std::clamp<std::int64_t>(large < threads ? small : large, 1, wanted);
    if (!by_panels_ && wanted > threads) wanted -= wanted % threads;
    blocks_ = by_panels_ ? 1 : ceil_div(blocks_, wanted) * wanted;
  }
  blocks_ = std::min(blocks_, all_tiles_);
  block_tiles_ = ceil_div(all_tiles_, blocks_);
  chunks_ = by_panels_ ? std::min(wanted, panels_) : std::min(wanted, blocks_);
  transform_chunks_ = by_panels_ ? std::min(wanted, c_blocks()) : 0;
}

void WinogradConv::summarize(ConvPlan* plan) const {
  const std::string f = std::to_string(form_.m) + "x" + std::to_string(form_.m);
  plan->kernel = "winograd " + f + (form_.stride == 2 ? "/2" : "");
  plan->packing = plan->kernel + " " + std::to_string(tiles_.panel_blocks);
  plan->flops = flops_;
  plan->packed_floats = points() * shape_.c * k_blocks() * kConvBlock;
  const auto v_bytes = static_cast<std::size_t>(points() * v_point()) * sizeof(float);
  const auto m_bytes = static_cast<std::size_t>(points() * m_point()) * sizeof(float);
  plan->thread_scratch = by_panels_ ? m_bytes : v_bytes + m_bytes;
  plan->shared_scratch = by_panels_ ? v_bytes : 0;
  plan->phases = {chunks_};
  if (by_panels_) plan->phases.insert(plan->phases.begin(), transform_chunks_);
}

// 16 channels of 16 features at a time: W is read in rows, U written in whole cache lines.
void WinogradConv::pack(const float* W, float* packed) const {
  std::vector<float> lanes(kConvBlock * 9 * kConvBlock);
  for (std::int64_t panel = 0; panel < panels_; panel++) {
    const std::int64_t first = panel * tiles_.panel_blocks;
    const std::int64_t blocks = std::min<std::int64_t>(tiles_.panel_blocks, k_blocks() - first);
    const std::int64_t columns = blocks * kConvBlock;
    float* u = packed + first * kConvBlock * points() * shape_.c;
    for (std::int64_t c = 0; c < shape_.c; c += kConvBlock) {
      const std::int64_t channels = std::min(kConvBlock, shape_.c - c);
      for (std::int64_t b = 0; b < blocks; b++) {
        const std::int64_t k = (first + b) * kConvBlock;
        layout_.rows_to_block(W + (k * shape_.c + c) * 9, shape_.c * 9, lanes.data(), shape_.k - k,
                              channels * 9);
        kernels_.weights[index_]({lanes.data(), channels, u + c * columns + b * kConvBlock, columns,
                                  shape_.c * columns});
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
      phase == 0 ? transform(block(0), i, args, V) : multiply(block(0), i, V, args, mine);
    }
    return;
  }
  float* M = mine + points() * v_point();
  for (std::int64_t b = chunk * blocks_ / chunks_; b < (chunk + 1) * blocks_ / chunks_; b++) {
    for (std::int64_t i = 0; i < c_blocks(); i++) transform(block(b), i, args, mine);
    for (std::int64_t i = 0; i < panels_; i++) multiply(block(b), i, mine, args, M);
  }
}

void WinogradConv::transform(Tiles tiles, std::int64_t c_block, const ConvArgs& args,
                             float* V) const {
  WinogradInputArgs a;
  a.x_row = shape_.in[2] * kConvBlock;
  a.v_point = v_point();
  a.v = V + c_block * block_tiles_ * kConvBlock;
  const std::int64_t side = form_.side, step = form_.m * form_.stride;
  for (std::int64_t t = tiles.begin; t < tiles.end; t++, a.v += kConvBlock) {
    const std::int64_t image = t / (tile_rows_ * tile_columns_);
    const std::int64_t row = t / tile_columns_ % tile_rows_ * step - shape_.pad[1];
    const std::int64_t column = t % tile_columns_ * step - shape_.pad[2];
    const std::int64_t position = row * shape_.in[2] + column;
    a.x = args.x + image * shape_.x_image +
          (c_block * shape_.in[1] * shape_.in[2] + position) * kConvBlock;
    a.row_begin = std::max<std::int64_t>(0, -row);
    a.row_end = std::min(side, shape_.in[1] - row);
    a.column_begin = std::max<std::int64_t>(0, -column);
    a.column_end = std::min(side, shape_.in[2] - column);
    kernels_.input[index_](a);
  }
}

void WinogradConv::multiply(Tiles tiles, std::int64_t panel, const float* V, const ConvArgs& args,
                            float* M) const {
  const std::int64_t first = panel * tiles_.panel_blocks;
  const std::int64_t blocks = std::min<std::int64_t>(tiles_.panel_blocks, k_blocks() - first);
  const ConvTap tap = {0, 0, 0, 0, TapEdge::None};
  ConvTileArgs a = {};
  a.x_block = a.y_block = block_tiles_ * kConvBlock;
  a.channels = shape_.c;
  a.kernel_taps = 1;
  a.taps = &tap;
  a.taps_end = &tap + 1;
  a.y_pixel = kConvBlock;
  a.w = args.packed + first * kConvBlock * points() * shape_.c;
  const ConvCut cut(tiles.end - tiles.begin, tiles_.max_pixels);
  // Few tiles use each weight few times: while one point's weights are used those of the next,
  // which lie behind them, come into L2 in lines as even as can be.
  const std::int64_t lines = cut.runs == 1 ? blocks : 1;
  const std::int64_t prefetching = ceil_div(blocks, lines);
  for (std::int64_t point = 0; point < points(); point++) {
    for (std::int64_t i = 0; i < cut.runs; i++) {
      a.ahead = a.w + (blocks + i) * shape_.c * kConvBlock;
      a.ahead_step = i < prefetching ? lines * kConvBlock : 0;
      a.x = V + point * v_point() + cut.begin(i) * kConvBlock;
      a.y = M + point * m_point() + cut.begin(i) * kConvBlock;
      tiles_.tile[0][blocks - 1][cut.begin(i + 1) - cut.begin(i)](a);
    }
    a.w += shape_.c * blocks * kConvBlock;
  }
  for (std::int64_t b = 0; b < blocks; b++) leave(tiles, first + b, M + b * a.y_block, args);
}

void WinogradConv::leave(Tiles tiles, std::int64_t k_block, const float* M,
                         const ConvArgs& args) const {
  WinogradOutputArgs a;
  a.m = M;
  a.m_point = m_point();
  a.bias = shape_.bias ? args.bias + k_block * kConvBlock : nullptr;
  a.y_row = shape_.out[2] * kConvBlock;
  a.activation = shape_.activation;
  for (std::int64_t t = tiles.begin; t < tiles.end; t++, a.m += kConvBlock) {
    const std::int64_t image = t / (tile_rows_ * tile_columns_);
    const std::int64_t row = t / tile_columns_ % tile_rows_ * form_.m;
    const std::int64_t column = t % tile_columns_ * form_.m;
    const std::int64_t at = ((k_block * shape_.out[1] + row) * shape_.out[2] + column) * kConvBlock;
    a.residual = shape_.residual ? args.residual + image * shape_.residual_image + at : nullptr;
    a.y = args.y + image * shape_.y_image + at;
    a.rows = std::min<std::int64_t>(form_.m, shape_.out[1] - row);
    a.columns = std::min<std::int64_t>(form_.m, shape_.out[2] - column);
    kernels_.output[index_](a);
  }
}

}  // namespace

namespace {

// The cost of Winograd with tiles of m, or of direct convolution for m = 0,
// in steps of the tile kernel (one product of 16 channels); measured on AVX-512 with weights from
// memory, where it is hardest on Winograd.
double winograd_cost(const ConvShape& s, int m) {
  const auto c_blocks = static_cast<double>(ceil_div(s.c, kConvBlock));
  const auto k_blocks = static_cast<double>(ceil_div(s.k, kConvBlock));
  constexpr double kBytesPerStep = 10;
  if (m == 0) {
    const double steps = 9.0 * static_cast<double>(s.n * product(s.out) * s.c) * k_blocks;
    return 1.03 * steps + 9.0 * 64.0 * static_cast<double>(s.c) * k_blocks / kBytesPerStep;
  }
  const int side = kWinogradForms[form_index(m, s.stride[1])].side;
  const double points = side * side;
  const auto tiles = static_cast<double>(s.n * ceil_div(s.out[1], m) * ceil_div(s.out[2], m));
  const double weights = points * static_cast<double>(s.c) * k_blocks;  // vectors of 16
  const double transforms = tiles * (c_blocks + k_blocks) *
                            (side == 6   ? 400
                             : side == 5 ? 190
                                         : 120);
  return 1.07 * tiles * weights + transforms + 64.0 * weights / kBytesPerStep;
}

// What keeps Winograd from computing this convolution at all; "" if nothing does.
std::string obstacle(const ConvShape& s) {
  if (s.group > 1) return "groups";
  if (s.transposed) return "transposed";
  if (s.kernel != ConvExtents{1, 3, 3}) return "kernel " + conv_plane(s.kernel);
  if (s.stride[1] != s.stride[2] || s.stride[1] > 2) return "stride " + conv_plane(s.stride);
  if (s.dilation[1] != 1 || s.dilation[2] != 1) return "dilation " + conv_plane(s.dilation);
  if (s.in[0] != 1 || s.out[0] != 1 || s.pad[0] != 0) return "three axes";
  return s.plain_input ? "plain input" : "";
}

}  // namespace

std::string winograd_note(const ConvShape& s) {
  if (const std::string what = obstacle(s); !what.empty()) return "winograd: " + what;
  const int m = winograd_tile(s);
  if (m == 4 || (m == 2 && s.stride[1] == 2)) return "";
  return std::string(m == 2 ? "F(4,3)" : "winograd") + ": slower by what was measured, at " +
         conv_plane(s.out);
}

int winograd_tile(const ConvShape& s) {
  if (!obstacle(s).empty()) return 0;
  int best = 0;
  for (const WinogradForm& form : kWinogradForms) {
    if (form.stride == s.stride[1] && winograd_cost(s, form.m) < winograd_cost(s, best))
      best = form.m;
  }
  return best;
}

ConvPlan plan_winograd(const ConvShape& shape, const KernelTable& kernels, int threads, int m) {
  auto algorithm = std::make_shared<WinogradConv>(shape, kernels, threads, m);
  ConvPlan plan;
  algorithm->summarize(&plan);
  plan.algorithm = std::move(algorithm);
  return plan;
}

}  // namespace keel::simd
