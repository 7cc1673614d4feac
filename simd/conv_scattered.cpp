// Direct convolution of groups whose output channels do not fill whole blocks: each group is
// computed into a tile of its own, from which its lanes are copied between those of its neighbours.
#include <algorithm>
#include <cstring>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"
#include "simd/conv_panels.h"

namespace keel::simd {
namespace {

class ScatteredConv : public ConvAlgorithm {
 public:
  ScatteredConv(const ConvShape& shape, const KernelTable& kernels, int threads);
  void pack(const float* W, float* packed) const override { panels_.pack(W, packed); }
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  void run_tile(std::int64_t image, std::int64_t lattice, std::int64_t tile,
                const ConvArgs& args) const;
  void copy_lanes(const float* from, std::int64_t k, std::int64_t lanes, std::int64_t pixels,
                  std::int64_t y_pixel, float* y) const;
  ConvShape shape_;
  const ConvTileKernels& tiles_;
  ConvPanels panels_;
  std::vector<ConvCut> cuts_;
  std::vector<std::int64_t> first_tile_;  // of each lattice, then the number of all
  int stride_;
  std::int64_t chunks_ = 1;
  double flops_ = 0;
};

ScatteredConv::ScatteredConv(const ConvShape& shape, const KernelTable& kernels, int threads)
    : shape_(shape), tiles_(*kernels.conv_tile), panels_(shape, kernels), first_tile_(1, 0) {
  for (const ConvLattice& lattice : panels_.lattices()) {
    cuts_.emplace_back(lattice.axis[2].count, tiles_.max_pixels);
    first_tile_.push_back(first_tile_.back() + lattice.rows() * cuts_.back().runs);
    flops_ += 2.0 * static_cast<double>(lattice.rows() * lattice.axis[2].count * lattice.taps());
  }
  flops_ *= static_cast<double>(shape.n * shape.k * (shape.c / shape.group));
  const std::int64_t step = panels_.lattices()[0].axis[2].x_step;
  stride_ = step <= 2 ? static_cast<int>(step) : 0;
  chunks_ = conv_chunks(shape.n * first_tile_.back(), flops_, threads);
}

void ScatteredConv::summarize(ConvPlan* plan) const {
  plan->kernel = "direct scattered " + std::to_string(tiles_.max_pixels) + "x" +
                 std::to_string(panels_.width());
  plan->packing = "panels " + std::to_string(panels_.width());
  plan->flops = flops_;
  plan->packed_floats = panels_.floats();
  plan->thread_scratch = conv_tap_bytes(panels_.most_taps()) +
                         sizeof(float) * tiles_.panel_blocks * tiles_.max_pixels * kConvBlock;
  plan->phases = {chunks_};
}

void ScatteredConv::run(int, std::int64_t chunk, const ConvArgs& args) const {
  const std::int64_t per_image = first_tile_.back();
  const std::int64_t all = shape_.n * per_image;
  for (std::int64_t i = chunk * all / chunks_; i < (chunk + 1) * all / chunks_; i++) {
    const std::int64_t tile = i % per_image;
    const auto next = std::upper_bound(first_tile_.begin(), first_tile_.end(), tile);
    const std::int64_t lattice = next - first_tile_.begin() - 1;
    run_tile(i / per_image, lattice, tile - first_tile_[lattice], args);
  }
}

void ScatteredConv::run_tile(std::int64_t image, std::int64_t l, std::int64_t tile,
                             const ConvArgs& args) const {
  const ConvLattice& lattice = panels_.lattices()[l];
  const ConvRun run = conv_run(lattice, cuts_[l], tile);
  auto* taps = static_cast<ConvTap*>(args.thread_scratch);
  float* sums = reinterpret_cast<float*>(static_cast<char*>(args.thread_scratch) +
                                         conv_tap_bytes(panels_.most_taps()));
  const std::int64_t cg = shape_.c / shape_.group, kg = shape_.k / shape_.group;

  ConvTileArgs a = {};
  a.x_pixel = lattice.axis[2].x_step * kConvBlock;
  a.x_block = product(shape_.in) * kConvBlock;
  a.channels = cg;
  a.kernel_taps = lattice.taps();
  a.taps = taps;
  a.taps_end = conv_taps(lattice, run, stride_, kConvBlock, taps);
  a.y = sums;
  a.y_pixel = kConvBlock;
  a.y_block = run.count * kConvBlock;
  const float* x = args.x + image * shape_.x_image + conv_x_position(lattice, run) * kConvBlock;
  const std::int64_t position = conv_y_position(lattice, run, shape_.out) * kConvBlock;
  const std::int64_t y_block = product(shape_.out) * kConvBlock;
  const std::int64_t y_pixel = lattice.axis[2].y_step * kConvBlock;
  float* y = args.y + image * shape_.y_image + position;
  for (std::int64_t group = 0; group < shape_.group; group++) {
    a.x = x + group * cg / kConvBlock * a.x_block;
    a.first_lane = group * cg % kConvBlock;
    for (std::int64_t panel = 0; panel < panels_.count(); panel++) {
      a.w = args.packed + panels_.offset(group, l, panel);
      tiles_.tile[stride_ == 2 ? 1 : 0][panels_.blocks(panel) - 1][run.count](a);
      for (int b = 0; b < panels_.blocks(panel); b++) {
        const std::int64_t k = panel * panels_.width() + b * kConvBlock;
        copy_lanes(sums + b * a.y_block, group * kg + k, std::min(kConvBlock, kg - k), run.count,
                   y_pixel, y);
      }
    }
  }
  for (std::int64_t b = 0; b < ceil_div(shape_.k, kConvBlock); b++) {
    const float* residual =
        shape_.residual ? args.residual + image * shape_.residual_image + position + b * y_block
                        : nullptr;
    tiles_.finish(y + b * y_block, shape_.bias ? args.bias + b * kConvBlock : nullptr, residual,
                  run.count, y_pixel, shape_.activation);
  }
}

// from [pixels][16]: the first `lanes` lanes become channels k, k + 1, … of y.
void ScatteredConv::copy_lanes(const float* from, std::int64_t k, std::int64_t lanes,
                               std::int64_t pixels, std::int64_t y_pixel, float* y) const {
  const std::int64_t y_block = product(shape_.out) * kConvBlock;
  for (std::int64_t lane = 0, run; lane < lanes; lane += run) {
    const std::int64_t channel = k + lane;
    run = std::min(lanes - lane, kConvBlock - channel % kConvBlock);
    float* to = y + channel / kConvBlock * y_block + channel % kConvBlock;
    for (std::int64_t p = 0; p < pixels; p++) {
      std::memcpy(to + p * y_pixel, from + p * kConvBlock + lane, run * sizeof(float));
    }
  }
}

}  // namespace

ConvPlan plan_scattered(const ConvShape& shape, const KernelTable& kernels, int threads) {
  return plan_of(std::make_shared<ScatteredConv>(shape, kernels, threads));
}

}  // namespace keel::simd
