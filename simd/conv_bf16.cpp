// Dense convolutions and products of matrices with operands rounded to bfloat16 and sums in float,
// on the units of bf16.h; in one term, or in three, which keep what the rounding took.
//
// A chunk copies rectangles of the output's plane as fit L2 (bf16_staging.h, in the order of
// bf16_geometry.h), then each panel of weights meets them all. What a pixel's sum is made of, and
// in which order, is the same in every tile: results do not depend on threads.
#include "simd/bf16_geometry.h"
#include "simd/bf16_staging.h"
#include "simd/kernel_table.h"
#include "simd/layout.h"

namespace keel::simd {
namespace {

class Bf16Conv : public ConvAlgorithm {
 public:
  Bf16Conv(const ConvShape& shape, const KernelTable& kernels, int threads, int terms)
      : g_(shape, *kernels.bf16, threads, terms),
        kernels_(*kernels.bf16),
        layout_(*kernels.layout) {}
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  using Rectangle = Bf16Geometry::Rectangle;
  using Panel = Bf16Geometry::Panel;
  void gather_lanes(const float* W, std::int64_t group, std::int64_t k, std::int64_t c,
                    std::int64_t channels, float* lanes) const;
  void pack_block(const float* W, const Panel& p, std::int64_t block, float* lanes,
                  std::uint16_t* to) const;
  void stage_chunk(std::int64_t chunk, const ConvArgs& args) const;
  void run_panels(std::int64_t chunk, const ConvArgs& args) const;
  void run_rectangles(std::int64_t chunk, const ConvArgs& args) const;
  void run_panel(std::int64_t index, std::int64_t begin, std::int64_t end,
                 const std::uint16_t* staged, const ConvArgs& args) const;
  Bf16TileArgs panel_args(std::int64_t index, const ConvArgs& args) const;
  void run_tiles(const Rectangle& r, const std::uint16_t* ahead_end, Bf16TileArgs& a) const;
  void run_tile(const Rectangle& r, std::int64_t position, Bf16TileArgs& a) const;

  Bf16Geometry g_;
  const Bf16Kernels& kernels_;
  const LayoutKernels& layout_;
};

void Bf16Conv::summarize(ConvPlan* plan) const {
  const bool three = g_.terms() == 3;
  plan->kernel = std::string(three ? "bf16x3 " : "bf16 ") + conv_plane(g_.shape().kernel) + " " +
                 std::to_string(kernels_.pixels) + "x" + std::to_string(kBf16Panel * kConvBlock);
  plan->packing = three ? "bf16x3" : "bf16";
  plan->flops = g_.flops();
  plan->packed_floats = g_.k_blocks() * g_.shape().group * g_.block_weights() / 2;
  const std::int64_t elements = g_.together() * g_.x_rectangle() + kBf16Overrun * kBf16Channels;
  const auto bytes = static_cast<std::size_t>(ceil_div(elements, 32) * 64);
  plan->thread_scratch = g_.by_panels() ? 0 : bytes;
  plan->shared_scratch = g_.by_panels() ? bytes : 0;
  plan->phases = {g_.chunks()};
  if (g_.by_panels()) plan->phases.insert(plan->phases.begin(), g_.stage_chunks());
}

// `lanes` becomes [channel][tap][16 outputs], of at most 32 channels from c on and 16 outputs of a
// group from k on.
void Bf16Conv::gather_lanes(const float* W, std::int64_t group, std::int64_t k, std::int64_t c,
                            std::int64_t channels, float* lanes) const {
  const ConvShape& s = g_.shape();
  const std::int64_t kg = s.k / s.group, outputs = std::min(kConvBlock, kg - k);
  if (s.by_input) {
    for (std::int64_t i = 0; i < channels; i++, lanes += kConvBlock) {
      std::copy_n(W + (c + i) * s.k + k, outputs, lanes);
      std::fill(lanes + outputs, lanes + kConvBlock, 0.0f);
    }
    return;
  }
  const std::int64_t row = g_.group_channels() * g_.tap_count();
  layout_.rows_to_block(W + (group * kg + k) * row + c * g_.tap_count(), row, lanes, outputs,
                        channels * g_.tap_count());
}

void Bf16Conv::pack_block(const float* W, const Panel& p, std::int64_t block, float* lanes,
                          std::uint16_t* to) const {
  const std::int64_t part = p.blocks * kBf16OutputBlock;
  const std::int64_t k = (p.first - p.group * g_.k_blocks() + block) * kConvBlock;
  for (std::int64_t c = 0; c < g_.group_channels(); c += kBf16Channels) {
    const std::int64_t channels = std::min<std::int64_t>(kBf16Channels, g_.group_channels() - c);
    gather_lanes(W, p.group, k, c, channels, lanes);
    for (std::int64_t tap = 0; tap < g_.tap_count(); tap++, to += g_.parts() * part) {
      kernels_.pack(lanes + tap * kConvBlock, g_.tap_count() * kConvBlock, channels, to,
                    g_.terms() == 3 ? to + part : nullptr);
    }
  }
}

void Bf16Conv::pack(const float* W, float* packed) const {
  auto* w = reinterpret_cast<std::uint16_t*>(packed);
  std::vector<float> memory(
      static_cast<std::size_t>(kBf16Channels * g_.tap_count() * kConvBlock + 16));
  float* lanes = memory.data();
  while (reinterpret_cast<std::uintptr_t>(lanes) % 64 != 0) lanes++;
  for (std::int64_t i = 0; i < g_.panels(); i++) {
    const Panel p = g_.panel(i);
    for (std::int64_t b = 0; b < p.blocks; b++)
      pack_block(W, p, b, lanes, w + p.first * g_.block_weights() + b * kBf16OutputBlock);
  }
}

void Bf16Conv::run(int phase, std::int64_t chunk, const ConvArgs& args) const {
  if (g_.by_panels() && phase == 0) return stage_chunk(chunk, args);
  kernels_.begin();
  g_.by_panels() ? run_panels(chunk, args) : run_rectangles(chunk, args);
  kernels_.end();
}

void Bf16Conv::stage_chunk(std::int64_t chunk, const ConvArgs& args) const {
  auto* staged = static_cast<std::uint16_t*>(args.shared_scratch);
  const std::int64_t n = g_.rectangles() * g_.c_blocks();
  for (std::int64_t i = chunk * n / g_.stage_chunks(); i < (chunk + 1) * n / g_.stage_chunks();
       i++) {
    const std::int64_t at = i / g_.c_blocks();
    stage_bf16(g_, kernels_, g_.rectangle(at), i % g_.c_blocks(), args,
               staged + at * g_.x_rectangle());
  }
}

void Bf16Conv::run_panels(std::int64_t chunk, const ConvArgs& args) const {
  const auto* staged = static_cast<const std::uint16_t*>(args.shared_scratch);
  const std::int64_t n = g_.panels(), end = (chunk + 1) * n / g_.chunks();
  for (std::int64_t i = chunk * n / g_.chunks(); i < end; i++)
    run_panel(i, 0, g_.rectangles(), staged, args);
}

void Bf16Conv::run_rectangles(std::int64_t chunk, const ConvArgs& args) const {
  auto* staged = static_cast<std::uint16_t*>(args.thread_scratch);
  const std::int64_t n = g_.rectangles(), end = (chunk + 1) * n / g_.chunks();
  for (std::int64_t i = chunk * n / g_.chunks(); i < end; i += g_.together()) {
    const std::int64_t until = std::min(i + g_.together(), end);
    for (std::int64_t j = i; j < until; j++) {
      const Rectangle r = g_.rectangle(j);
      for (std::int64_t block = 0; block < g_.c_blocks(); block++)
        stage_bf16(g_, kernels_, r, block, args, staged + (j - i) * g_.x_rectangle());
    }
    for (std::int64_t p = 0; p < g_.panels(); p++) run_panel(p, i, until, staged, args);
  }
}

// What the tiles of a panel have in common.
Bf16TileArgs Bf16Conv::panel_args(std::int64_t index, const ConvArgs& args) const {
  const Panel p = g_.panel(index);
  Bf16TileArgs a = {};
  a.x_part = g_.x_part();
  a.x_block = g_.x_block();
  a.blocks = g_.group_blocks();
  a.last_pairs = ceil_div(g_.group_channels() - (a.blocks - 1) * kBf16Channels, 2);
  a.taps = g_.taps().data();
  a.taps_end = a.taps + g_.taps().size();
  a.w = reinterpret_cast<const std::uint16_t*>(args.packed) + p.first * g_.block_weights();
  a.three_terms = g_.terms() == 3;
  a.output_blocks = static_cast<int>(p.blocks);
  const std::int64_t last = (p.first + p.blocks - 1) * kConvBlock;
  a.last_lanes =  // NCHW16c has all lanes of its last block, a matrix only its columns
      static_cast<int>(g_.shape().matrix ? std::min(kConvBlock, g_.shape().k - last) : kConvBlock);
  a.bias = g_.shape().bias ? args.bias + p.first * kConvBlock : nullptr;
  a.y_pixel = g_.y_pixel();
  a.y_block = g_.y_block();
  a.activation = g_.shape().activation;
  a.ahead = a.w + p.blocks * g_.block_weights();
  return a;
}

// Rectangles [begin, end), which lie in `staged`, meet a panel of weights.
void Bf16Conv::run_panel(std::int64_t index, std::int64_t begin, std::int64_t end,
                         const std::uint16_t* staged, const ConvArgs& args) const {
  const ConvShape& s = g_.shape();
  const Panel p = g_.panel(index);
  Bf16TileArgs a = panel_args(index, args);
  const std::uint16_t* ahead_end = a.ahead + kBf16Panel * g_.block_weights();
  // While this panel is used the next comes into L2, a part of it with each tile.
  if (index + 1 < g_.panels()) {
    const std::int64_t tiles = (end - begin) * g_.tile_count(g_.rectangle(begin));
    a.ahead_step = ceil_div(g_.parts() * kBf16Panel * kBf16OutputBlock, tiles);
  }
  for (std::int64_t i = begin; i < end; i++) {
    const Rectangle r = g_.rectangle(i);
    const std::int64_t row = r.outer * s.out[1] + r.row;
    const std::int64_t at = p.first * g_.y_block() + (row * s.out[2] + r.column) * g_.y_pixel();
    a.x = staged + (i - begin) * g_.x_rectangle() + p.group * g_.group_blocks() * g_.x_block();
    a.y = args.y + r.image * s.y_image + at;
    a.residual = s.residual ? args.residual + r.image * s.residual_image + at : nullptr;
    run_tiles(r, ahead_end, a);
  }
}

void Bf16Conv::run_tiles(const Rectangle& r, const std::uint16_t* ahead_end,
                         Bf16TileArgs& a) const {
  const std::uint16_t* x = a.x;
  const std::int64_t rows = g_.tile_rows(r);
  const Bf16Pieces tiles = g_.tiles(r);
  for (std::int64_t row = 0; row < rows; row++) {
    for (std::int64_t i = 0; i < tiles.pieces; i++) {
      const std::int64_t position = row * g_.width() + tiles.begin(i);
      a.pixels = tiles.begin(i + 1) - tiles.begin(i);
      a.x = x + position * kBf16Channels;
      run_tile(r, position, a);
      a.ahead += a.blocks * g_.tap_count() * a.ahead_step;
      if (a.ahead >= ahead_end) a.ahead_step = 0;
    }
  }
}

// The positions of a tile that are pixels: runs of them that lie next to each other in y.
void Bf16Conv::run_tile(const Rectangle& r, std::int64_t position, Bf16TileArgs& a) const {
  Bf16Run runs[kBf16Positions];
  Bf16Run* run = runs;
  const std::int64_t end = position + a.pixels, width = g_.width();
  for (std::int64_t p = position; p < end;) {
    const std::int64_t row = p / width, column = p % width;
    const std::int64_t next = std::min((row + 1) * width, end);
    if (column < r.columns) {
      const std::int64_t count = std::min(next - p, r.columns - column);
      *run++ = {p - position, count, (row * g_.shape().out[2] + column) * g_.y_pixel()};
    }
    p = next;
  }
  a.runs = runs;
  a.runs_end = run;
  if (run != runs) kernels_.tile(a);
}

}  // namespace

ConvPlan plan_bf16(const ConvShape& shape, const KernelTable& kernels, int threads, int terms) {
  return plan_of(std::make_shared<Bf16Conv>(shape, kernels, threads, terms));
}

}  // namespace keel::simd
