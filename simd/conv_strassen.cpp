// Pointwise convolutions by one level of Strassen's product, in the form of Winograd with the
// fewest additions. Output channels, input channels and pixels are cut in two:
//
//   [C11 C12]   [A11 A12] [B11 B12]      S1 = A21 + A22   T1 = B12 - B11   P1 = A11 B11
//   [C21 C22] = [A21 A22] [B21 B22]      S2 = S1 - A11    T2 = B22 - T1    P2 = A12 B21
//                                        S3 = A11 - A21   T3 = B22 - B12   P3 = S4 B22
//   A: weights, B: pixels                S4 = A12 - S2    T4 = T2 - B21    P4 = A22 T4
//                                                                          P5 = S1 T1
//   C11 = P1 + P2           U2 = P1 + P6                                   P6 = S2 T2
//   C12 = U2 + P5 + P3      U3 = U2 + P7                                   P7 = S3 T3
//   C21 = U3 - P4           C22 = U3 + P5
//
// 7 products where the sum has 8. The halves of the pixels are two tiles of registers, those of the
// channels are far apart; so the S are made in registers as the weights are loaded, where additions
// cost nothing, the T are made for a pair of tiles and serve all output channels, and of the
// outputs only three tiles of sums wait in L1, since each product goes on where the sums before it
// ended. Input channels behind the halves are added in the last product of each output; output
// channels of an odd number of blocks are left to plan_direct.
//
// Tiles are paired by their place in the plane alone: results do not depend on threads. Results are
// within an NME of 2e-5; as with Winograd, what direct sums make exact is not exact here, and a
// pixel that is not finite spoils the one it is paired with.
#include <algorithm>
#include <vector>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"
#include "simd/conv_strassen_weights.h"
#include "simd/conv_tile.h"
#include "simd/strassen.h"

namespace keel::simd {
namespace {

// Pairs of whole tiles first, then what is left: of the 197 rows of ViT one, which costs a few
// steps where 8 pairs of 25 rows cost 3 to 5 %. A pair or two are better alike.
ConvCut pair_cut(std::int64_t pixels, int tile) {
  return pixels > 6 * tile ? ConvCut::longest_first(pixels, 2 * tile) : ConvCut(pixels, 2 * tile);
}

class StrassenConv : public ConvAlgorithm {
 public:
  StrassenConv(const ConvShape& shape, const KernelTable& kernels, int threads);
  void pack(const float* W, float* packed) const override { weights_.pack(W, packed); }
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  // Two tiles of one image; they overlap where the pixels are odd in number.
  struct Pair {
    std::int64_t image, begin[2], pixels;
  };
  // What the products read of a pair: its tiles as they are, and combined.
  struct Operands {
    const float* tile[2];
    std::ptrdiff_t tile_block;
    const float* combined[4];
  };
  // Weights of a panel pair: arrays of channels x columns, those of a row one behind the other.
  struct Weights {
    const float *a11, *a12, *a1r, *a21, *minus_a22, *a2r;
  };
  // A panel pair: its weights, and what they give.
  struct Outputs {
    const ConvArgs* args;
    Weights weights;
    float *s1, *s2, *s3, *s4;    // sums of weights, made by the first pair of tiles
    std::int64_t first, blocks;  // output channel blocks of the first half
    float* sums;                 // three tiles
  };

  Pair pair(std::int64_t i) const;
  Weights weights_of(std::int64_t panel, const float* packed) const;
  Operands operands(const Pair& pair, const float* staged, const ConvArgs& args) const;
  void stage(const Pair& pair, const ConvArgs& args, float* staged) const;
  void multiply(const Pair& pair, const Operands& operands, const Outputs& outputs, bool first,
                const float** ahead, const float* ahead_end) const;
  void run_panel(std::int64_t panel, std::int64_t pair_begin, std::int64_t pair_end,
                 const float* staged, const ConvArgs& args, float* mine) const;

  // Floats from one pixel to the next, from one channel block to the next.
  std::int64_t x_pixel() const { return shape_.matrix ? shape_.c : kConvBlock; }
  std::int64_t x_block() const {
    return shape_.matrix ? kConvBlock : product(shape_.in) * kConvBlock;
  }
  std::int64_t y_pixel() const { return shape_.matrix ? shape_.k : kConvBlock; }
  std::int64_t y_block() const {
    return shape_.matrix ? kConvBlock : product(shape_.out) * kConvBlock;
  }
  std::int64_t c_blocks() const { return ceil_div(shape_.c, kConvBlock); }
  std::int64_t k_blocks() const { return ceil_div(shape_.k, kConvBlock); }
  std::int64_t staged_floats() const {
    const std::int64_t rest = c_blocks() - 2 * weights_.half();
    const std::int64_t blocks = 4 * weights_.half() + rest + (copies_ ? 2 * c_blocks() : 0);
    return blocks * tiles_.max_pixels * kConvBlock;
  }
  // What a thread works with: three tiles of sums, and S1 to S4 of a panel pair.
  std::int64_t tile_floats() const { return tiles_.panel_blocks * tiles_.max_pixels * kConvBlock; }
  std::int64_t own_floats() const {
    return 3 * tile_floats() + 4 * weights_.half_channels() * tiles_.panel_blocks * kConvBlock;
  }

  ConvShape shape_;
  const ConvTileKernels& tiles_;
  const StrassenKernels& kernels_;
  ConvCut cut_;  // of the output plane into pairs
  StrassenWeights weights_;
  std::int64_t pairs_;        // of all images
  std::int64_t block_pairs_;  // staged at a time
  bool copies_;               // the tiles are staged too: strides, a prologue, matrices
  bool by_panels_ = false;
  bool far_outputs_;
  std::int64_t chunks_ = 1, stage_chunks_ = 0;
};

StrassenConv::StrassenConv(const ConvShape& shape, const KernelTable& kernels, int threads)
    : shape_(shape),
      tiles_(*kernels.conv_tile),
      kernels_(*kernels.strassen),
      cut_(pair_cut(product(shape.out), tiles_.max_pixels)),
      weights_(shape, tiles_.panel_blocks),
      pairs_(shape.n * cut_.runs),
      copies_(product(shape.stride) != 1 || shape.prologue || shape.matrix) {
  // Pixels stay in L2 while all weights pass, which takes the longer the more there are.
  constexpr std::int64_t kFar = 512 << 10, kLeastStaged = 320 << 10, kMostStaged = 4 << 20;
  const std::int64_t weight_bytes = 4 * weights_.floats() * 7 / 4;
  const std::int64_t staged_bytes = std::clamp(weight_bytes / 8, kLeastStaged, kMostStaged);
  const std::int64_t y_bytes = k_blocks() * kConvBlock * product(shape.out) * 4;
  far_outputs_ = y_bytes * (shape.residual ? 2 : 1) > kFar;
  const double flops = 2.0 * static_cast<double>(shape.n * product(shape.out) * shape.k * shape.c);
  const std::int64_t wanted = conv_chunks(pairs_ * weights_.panels(), flops, threads);
  block_pairs_ = std::clamp<std::int64_t>(staged_bytes / (4 * staged_floats()), 1, pairs_);
  if (wanted > 1) {
    by_panels_ = pairs_ < 2 * wanted;
    if (by_panels_) block_pairs_ = pairs_;
  }
  chunks_ = std::min(wanted, by_panels_ ? weights_.panels() : pairs_);
  stage_chunks_ = by_panels_ ? std::min(wanted, pairs_) : 0;
}

void StrassenConv::summarize(ConvPlan* plan) const {
  const std::int64_t width = tiles_.panel_blocks * kConvBlock;
  plan->kernel = "strassen " + std::to_string(tiles_.max_pixels) + "x" + std::to_string(width);
  plan->packing = "strassen " + std::to_string(width);
  plan->flops = 2.0 * static_cast<double>(shape_.n * product(shape_.out) * shape_.k * shape_.c);
  plan->packed_floats = weights_.floats();
  const auto staged = static_cast<std::size_t>(block_pairs_ * staged_floats()) * sizeof(float);
  const auto own = static_cast<std::size_t>(own_floats()) * sizeof(float);
  plan->thread_scratch = by_panels_ ? own : staged + own;
  plan->shared_scratch = by_panels_ ? staged : 0;
  plan->phases = {chunks_};
  if (by_panels_) plan->phases.insert(plan->phases.begin(), stage_chunks_);
}

StrassenConv::Pair StrassenConv::pair(std::int64_t i) const {
  Pair p;
  p.image = i / cut_.runs;
  i %= cut_.runs;
  const std::int64_t begin = cut_.begin(i), end = cut_.begin(i + 1);
  p.pixels = (end - begin + 1) / 2;
  p.begin[0] = begin;
  p.begin[1] = end - p.pixels;
  return p;
}

StrassenConv::Operands StrassenConv::operands(const Pair& pair, const float* staged,
                                              const ConvArgs& args) const {
  const std::int64_t block = pair.pixels * kConvBlock;
  Operands o;
  for (int i = 0; i < 4; i++) o.combined[i] = staged + i * weights_.half() * block;
  if (copies_) {
    o.tile_block = block;
    o.tile[0] = o.combined[3] + (c_blocks() - weights_.half()) * block;
    o.tile[1] = o.tile[0] + c_blocks() * block;
  } else {
    o.tile_block = x_block();
    for (int i = 0; i < 2; i++)
      o.tile[i] = args.x + pair.image * shape_.x_image + pair.begin[i] * kConvBlock;
  }
  return o;
}

void StrassenConv::stage(const Pair& pair, const ConvArgs& args, float* staged) const {
  const Operands o = operands(pair, staged, args);
  std::ptrdiff_t at[2][kMaxTilePixels];
  for (int i = 0; i < 2; i++) {
    for (std::int64_t q = 0; q < pair.pixels; q++) {
      const std::int64_t p = pair.begin[i] + q;
      const std::int64_t column = p % shape_.out[2] * shape_.stride[2];
      const std::int64_t row = p / shape_.out[2] % shape_.out[1] * shape_.stride[1];
      const std::int64_t plane = p / shape_.out[2] / shape_.out[1] * shape_.stride[0];
      at[i][q] = ((plane * shape_.in[1] + row) * shape_.in[2] + column) * x_pixel();
    }
  }
  StrassenStageArgs a = {};
  a.x = args.x + pair.image * shape_.x_image;
  a.x_block = x_block();
  a.pixels = pair.pixels;
  a.half = weights_.half();
  a.rest = c_blocks() - 2 * weights_.half();
  for (int i = 0; i < 2; i++) {
    a.at[i] = at[i];
    a.tile[i] = copies_ ? const_cast<float*>(o.tile[i]) : nullptr;
  }
  for (int i = 0; i < 4; i++) a.combined[i] = const_cast<float*>(o.combined[i]);
  if (shape_.prologue) a.prologue = args.prologue;
  kernels_.stage(a);
}

// All products of a panel pair with a pair of tiles, weights in the order of StrassenWeights.
void StrassenConv::multiply(const Pair& pair, const Operands& o, const Outputs& out, bool first,
                            const float** ahead, const float* ahead_end) const {
  const ConvTile tile = tiles_.tile[0][out.blocks - 1][pair.pixels];
  const ConvTap tap = {0, 0, 0, 0, TapEdge::None};
  ConvTileArgs a = {};
  a.kernel_taps = 1;
  a.taps = &tap;
  a.taps_end = &tap + 1;
  float* const sums[3] = {out.sums, out.sums + tile_floats(), out.sums + 2 * tile_floats()};
  // The next weights: those at w; or a difference, which is at `kept` after the first pair of
  // tiles.
  const auto weights = [&](const float* w) {
    a.w = w;
    a.less = nullptr;
  };
  const auto difference = [&](const float* w, const float* less, float* kept) {
    a.w = first ? w : kept;
    a.less = first ? less : nullptr;
    a.kept = kept;
  };
  // acc = partial sums + weights * x
  const auto product_of = [&](const float* x, std::ptrdiff_t x_block, std::int64_t channels,
                              const float* partial, const float* partial2) {
    a.x = x;
    a.x_block = x_block;
    a.channels = channels;
    a.partial[0] = partial;
    a.partial[1] = partial2;
    a.ahead = *ahead;
    a.ahead_step = *ahead < ahead_end ? kConvBlock : 0;
    *ahead += a.ahead_step * channels;
    tile(a);
  };
  const auto keep = [&](int sum) {
    a.bias = a.residual = nullptr;
    a.activation = {};
    a.far_outputs = false;
    a.y = sums[sum];
    a.y_pixel = kConvBlock;
    a.y_block = pair.pixels * kConvBlock;
  };
  const auto leave = [&](int half, int t) {
    const std::int64_t k = out.first + half * weights_.k_half();
    const std::int64_t at = k * y_block() + pair.begin[t] * y_pixel();
    a.bias = shape_.bias ? out.args->bias + k * kConvBlock : nullptr;
    a.residual =
        shape_.residual ? out.args->residual + pair.image * shape_.residual_image + at : nullptr;
    a.activation = shape_.activation;
    a.far_outputs = far_outputs_;
    a.y = out.args->y + pair.image * shape_.y_image + at;
    a.y_pixel = y_pixel();
    a.y_block = y_block();
  };
  const std::int64_t h = weights_.half_channels(), r = weights_.rest_channels();
  const std::ptrdiff_t t_block = pair.pixels * kConvBlock, b_block = o.tile_block;
  const float *b11 = o.tile[0], *b21 = b11 + weights_.half() * b_block;
  const float *b12 = o.tile[1], *b22 = b12 + weights_.half() * b_block;
  const float* b2r = b22 + weights_.half() * b_block;  // of the second tile
  const auto [a11, a12, a1r, a21, minus_a22, a2r] = out.weights;
  weights(a11);
  keep(0), product_of(b11, b_block, h, nullptr, nullptr);  // P1
  weights(a12);
  leave(0, 0), product_of(b21, b_block, h + r, sums[0], nullptr);  // C11
  difference(a21, minus_a22, out.s1);
  keep(2), product_of(o.combined[0], t_block, h, nullptr, nullptr);  // P5
  difference(out.s1, a11, out.s2);
  keep(1), product_of(o.combined[1], t_block, h, sums[0], nullptr);  // U2
  difference(a11, a21, out.s3);
  keep(0), product_of(o.combined[2], t_block, h, sums[1], nullptr);  // U3
  weights(minus_a22);
  leave(1, 0), product_of(o.combined[3], t_block, h + r, sums[0], nullptr);  // C21
  difference(a12, out.s2, out.s4);
  r == 0 ? leave(0, 1) : keep(1);
  product_of(b22, b_block, h, sums[1], sums[2]);  // C12
  if (r > 0) {
    weights(a1r);
    leave(0, 1), product_of(b2r, b_block, r, sums[1], nullptr);
  }
  weights(a2r);
  leave(1, 1), product_of(b2r, b_block, r, sums[0], sums[2]);  // C22
}

StrassenConv::Weights StrassenConv::weights_of(std::int64_t panel, const float* packed) const {
  const std::int64_t columns = weights_.panel_blocks(panel) * kConvBlock;
  const std::int64_t half = weights_.half_channels() * columns;
  const float* first = packed + weights_.panel_offset(panel);
  const float* second = first + shape_.c * columns;
  return {first, first + half, first + 2 * half, second, second + half, second + 2 * half};
}

void StrassenConv::run_panel(std::int64_t panel, std::int64_t begin, std::int64_t end,
                             const float* staged, const ConvArgs& args, float* mine) const {
  Outputs out;
  out.args = &args;
  out.first = weights_.panel_begin(panel);
  out.blocks = weights_.panel_blocks(panel);
  out.weights = weights_of(panel, args.packed);
  const std::int64_t half = weights_.half_channels() * out.blocks * kConvBlock;
  out.s1 = mine + 3 * tile_floats();
  out.s2 = out.s1 + half;
  out.s3 = out.s2 + half;
  out.s4 = out.s3 + half;
  out.sums = mine;
  constexpr std::int64_t kPairsAhead = 2;  // take more steps than a panel has lines
  // The next panel comes while this one is used.
  const float* ahead = args.packed + weights_.panel_offset(panel) + weights_.panel_floats(panel);
  const float* ahead_end =
      panel + 1 < weights_.panels() ? ahead + weights_.panel_floats(panel + 1) : ahead;
  for (std::int64_t i = begin; i < end; i++) {
    const Pair p = pair(i);
    multiply(p, operands(p, staged + (i - begin) * staged_floats(), args), out, i == begin, &ahead,
             end - i <= kPairsAhead ? ahead_end : ahead);
  }
}

void StrassenConv::run(int phase, std::int64_t chunk, const ConvArgs& args) const {
  auto* mine = static_cast<float*>(args.thread_scratch);
  if (by_panels_) {
    auto* staged = static_cast<float*>(args.shared_scratch);
    const std::int64_t n = phase == 0 ? pairs_ : weights_.panels();
    const std::int64_t chunks = phase == 0 ? stage_chunks_ : chunks_;
    for (std::int64_t i = chunk * n / chunks; i < (chunk + 1) * n / chunks; i++) {
      phase == 0 ? stage(pair(i), args, staged + i * staged_floats())
                 : run_panel(i, 0, pairs_, staged, args, mine);
    }
    return;
  }
  float* staged = mine + own_floats();
  const std::int64_t end = (chunk + 1) * pairs_ / chunks_;
  for (std::int64_t i = chunk * pairs_ / chunks_; i < end; i += block_pairs_) {
    const std::int64_t block_end = std::min(i + block_pairs_, end);
    for (std::int64_t j = i; j < block_end; j++) {
      stage(pair(j), args, staged + (j - i) * staged_floats());
    }
    for (std::int64_t panel = 0; panel < weights_.panels(); panel++) {
      run_panel(panel, i, block_end, staged, args, mine);
    }
  }
}

}  // namespace

ConvPlan plan_strassen(const ConvShape& shape, const KernelTable& kernels, int threads) {
  return plan_of(std::make_shared<StrassenConv>(shape, kernels, threads));
}

}  // namespace keel::simd
