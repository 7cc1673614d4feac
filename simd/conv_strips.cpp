#include "simd/conv_strips.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

#include "simd/conv_algorithm.h"
#include "simd/conv_panels.h"
#include "simd/depthwise_plane.h"

namespace keel::simd {
namespace {

// Pixels side by side of a pointwise convolution.
class PixelProduct {
 public:
  struct Pixels {
    const float* x;
    std::ptrdiff_t x_block;
    std::int64_t count;
    const float* residual;  // laid out as y, or null
    float* y;
    std::ptrdiff_t y_block;
  };
  PixelProduct(const ConvShape& shape, const KernelTable& kernels, bool far_outputs)
      : shape_(shape),
        panels_(shape, kernels),
        max_pixels_(kernels.conv_tile->max_pixels),
        far_outputs_(far_outputs) {}

  std::int64_t panels() const { return panels_.count(); }
  std::int64_t panel_blocks() const { return panels_.width() / kConvBlock; }

  // One panel of output channels, y and residual being those of its first channel.
  void run(std::int64_t panel, const Pixels& pixels, const float* packed, const float* bias) const {
    static constexpr ConvTap kPixel = {0, 0, 0, 0, TapEdge::None};
    ConvTileArgs a = {};
    a.x_pixel = a.y_pixel = kConvBlock;
    a.x_block = pixels.x_block;
    a.y_block = pixels.y_block;
    a.channels = shape_.c;
    a.kernel_taps = 1;
    a.taps = &kPixel;
    a.taps_end = &kPixel + 1;
    a.activation = shape_.activation;
    a.far_outputs = far_outputs_;
    a.w = a.ahead = packed + panels_.offset(0, 0, panel);
    a.bias = shape_.bias ? bias + panel * panels_.width() : nullptr;
    const ConvTile* tiles = panels_.tiles(panel, 1);
    const ConvCut cut(pixels.count, max_pixels_);
    for (std::int64_t i = 0; i < cut.runs; i++) {
      const std::int64_t at = cut.begin(i) * kConvBlock;
      a.x = pixels.x + at;
      a.y = pixels.y + at;
      a.residual = pixels.residual ? pixels.residual + at : nullptr;
      tiles[cut.begin(i + 1) - cut.begin(i)](a);
    }
  }

 private:
  ConvShape shape_;
  ConvPanels panels_;
  int max_pixels_;
  bool far_outputs_;
};

bool is_pixel_product(const ConvShape& s) {
  return s.group == 1 && !s.transposed && !s.prologue && product(s.kernel) == 1 &&
         product(s.stride) == 1 && s.pad == ConvExtents{0, 0, 0} && s.in == s.out;
}

std::int64_t tensor_bytes(const ConvShape& s) {
  return ceil_div(s.k, kConvBlock) * kConvBlock * product(s.out) * 4;
}

}  // namespace

struct StripPlan::Stages {
  std::unique_ptr<const PixelProduct> expand, project;  // null: not there
  ConvLattice lattice;
  DepthwiseRunner depthwise;
};

// Where a strip reads and writes.
struct StripPlan::Strip {
  std::int64_t image;
  Rows in, out;
  std::int64_t kept;       // of `in`, made by the strip before
  std::int64_t next;       // the first row that the next strip reads; in.end where there is none
  float *work, *keep, *y;  // in scratch
};

bool takes_strips(const StripShapes& shapes) {
  const ConvShape& d = shapes.stage[kDepthwise];
  for (int a = 0; a < 2; a++) {
    const std::int64_t end = (d.out[a] - 1) * d.stride[a] - d.pad[a] + d.kernel[a] - d.in[a];
    if (d.dilation[a] != 1 || d.stride[a] > d.kernel[a]) return false;
    if (d.pad[a] < 0 || d.pad[a] >= d.kernel[a] || end >= d.kernel[a]) return false;
  }
  const bool depthwise = d.rank == 2 && d.group == d.c && d.k == d.c && !d.transposed;
  const bool rows = d.kernel[1] % 2 == 1 && d.kernel[1] <= 7 && d.stride[1] <= 2 &&
                    (d.kernel[1] < 7 || d.stride[1] == 1) && d.kernel[1] > 1;
  return depthwise && rows && (shapes.has(kExpand) || shapes.has(kProject)) &&
         (!shapes.has(kExpand) || is_pixel_product(shapes.stage[kExpand])) &&
         (!shapes.has(kProject) || is_pixel_product(shapes.stage[kProject]));
}

bool prefers_strips(const StripShapes& shapes, const KernelTable& kernels,
                    ConvPrecision precision) {
  for (ConvStage s : {kExpand, kProject}) {
    if (shapes.has(s) && bf16_terms(conv_canonical(shapes.stage[s]), kernels, precision) != 0) {
      return false;
    }
  }
  // Measured with L2 of 1 MB, by the bytes that the depthwise stage reads. With the projection,
  // strips take 0.7 to 0.85 of the time at 0.9 MB and more, 0.97 to 1.02 below. Without it what the
  // depthwise stage gives is written out as before: 0.86 to 0.92 at 4.8 MB, 0.99 at 1.8 MB.
  const std::int64_t fewest = shapes.has(kProject) ? 768 << 10 : 4 << 20;
  const ConvShape& d = shapes.stage[kDepthwise];
  return 4 * d.c * product(d.in) >= fewest;
}

StripPlan::StripPlan(const StripShapes& shapes, const KernelTable& kernels, int threads,
                     std::int64_t scratch)
    : shapes_(shapes) {
  assert(takes_strips(shapes));
  for (ConvStage s : {kExpand, kDepthwise, kProject}) {
    if (!shapes.has(s)) continue;
    shapes_.stage[s] = conv_canonical(shapes.stage[s]);
    packing_[s] = s == kDepthwise ? plan_depthwise(shapes_.stage[s], kernels, threads)
                                  : plan_direct(shapes_.stage[s], kernels, threads);
    flops_ += packing_[s].flops;
  }
  const ConvShape& d = shapes_.stage[kDepthwise];
  auto stages = std::make_unique<Stages>(
      Stages{nullptr, nullptr, conv_lattices(d)[0], DepthwiseRunner(d, *kernels.depthwise)});
  blocks_ = ceil_div(d.c, kConvBlock);
  if (shapes.has(kExpand)) {
    stages->expand = std::make_unique<PixelProduct>(shapes_.stage[kExpand], kernels, false);
    panel_blocks_ = stages->expand->panel_blocks();
  }
  if (shapes.has(kProject)) {
    const ConvShape& p = shapes_.stage[kProject];
    constexpr std::int64_t kFar = 512 << 10;
    const bool far = tensor_bytes(p) * (p.residual ? 2 : 1) > kFar;
    stages->project = std::make_unique<PixelProduct>(p, kernels, far);
  }
  stages_ = std::move(stages);
  choose_rows(threads, scratch);
  kernel_ = "strips of " + std::to_string(strip_rows_) + (shapes.has(kExpand) ? " expand" : "") +
            " depthwise" + (shapes.has(kProject) ? " project" : "");
}

StripPlan::~StripPlan() = default;

// Strips as high as `scratch` holds them; one part of every image for each thread, or as many as
// make equal shares of all images: the rows that two parts both expand are lost.
void StripPlan::choose_rows(int threads, std::int64_t scratch) {
  constexpr std::int64_t kFewestRows = 4;
  const ConvShape& d = shapes_.stage[kDepthwise];
  const std::int64_t rows = d.out[1];
  parts_ =
      std::min(threads / std::gcd(threads, d.n), std::max<std::int64_t>(rows / kFewestRows, 1));
  chunks_ = parts_ * d.n;
  const auto floats = [&](std::int64_t out) {
    const std::int64_t in = std::min((out - 1) * d.stride[1] + d.kernel[1], d.in[1]);
    work_block_ = shapes_.has(kExpand) ? in * d.in[2] * kConvBlock : 0;
    strip_block_ = shapes_.has(kProject) ? out * d.out[2] * kConvBlock : 0;
    return panel_blocks_ * work_block_ + blocks_ * strip_block_;
  };
  const std::int64_t most = ceil_div(rows, parts_);
  std::int64_t high = 1;
  while (high < most && 4 * floats(high + 1) <= scratch) high++;
  strip_rows_ = ceil_div(most, ceil_div(most, high));
  floats(strip_rows_);
  const std::int64_t again = std::max<std::int64_t>(d.kernel[1] - d.stride[1], 0);
  kept_block_ = shapes_.has(kExpand) ? again * d.in[2] * kConvBlock : 0;
}

std::size_t StripPlan::thread_scratch() const {
  return sizeof(float) * static_cast<std::size_t>(panel_blocks_ * work_block_ +
                                                  blocks_ * (kept_block_ + strip_block_));
}

StripPlan::Rows StripPlan::rows_read(Rows out) const {
  const ConvShape& d = shapes_.stage[kDepthwise];
  const std::int64_t begin = std::max<std::int64_t>(out.begin * d.stride[1] - d.pad[1], 0);
  const std::int64_t end = (out.end - 1) * d.stride[1] - d.pad[1] + d.kernel[1];
  return {std::min(begin, d.in[1]), std::clamp(end, std::min(begin, d.in[1]), d.in[1])};
}

void StripPlan::run(std::int64_t chunk, const StripArgs& args) const {
  const std::int64_t rows = shapes_.stage[kDepthwise].out[1];
  const std::int64_t part = chunk % parts_, end = (part + 1) * rows / parts_;
  Strip strip;
  strip.image = chunk / parts_;
  strip.work = static_cast<float*>(args.thread_scratch);
  strip.keep = strip.work + panel_blocks_ * work_block_;
  strip.y = strip.keep + blocks_ * kept_block_;
  std::int64_t made = 0;
  for (std::int64_t row = part * rows / parts_; row < end; row = strip.out.end) {
    strip.out = {row, std::min(row + strip_rows_, end)};
    strip.in = rows_read(strip.out);
    strip.kept = std::max<std::int64_t>(made - strip.in.begin, 0);
    made = strip.in.end;
    strip.next = made;
    if (strip.out.end < end) {
      strip.next = std::min(rows_read({strip.out.end, strip.out.end + 1}).begin, made);
    }
    run_strip(strip, args);
  }
}

void StripPlan::run_strip(const Strip& strip, const StripArgs& args) const {
  for (std::int64_t first = 0; first < blocks_; first += panel_blocks_) {
    run_panel(strip, first, std::min(panel_blocks_, blocks_ - first), args);
  }
  if (stages_->project == nullptr) return;
  const ConvShape& p = shapes_.stage[kProject];
  const std::int64_t out = product(p.out) * kConvBlock;
  const std::int64_t width = shapes_.stage[kDepthwise].out[2];
  for (std::int64_t panel = 0; panel < stages_->project->panels(); panel++) {
    const std::int64_t at =
        panel * stages_->project->panel_blocks() * out + strip.out.begin * width * kConvBlock;
    const float* residual =
        p.residual ? args.residual + strip.image * p.residual_image + at : nullptr;
    stages_->project->run(panel,
                          {strip.y, strip_block_, strip.out.count() * width, residual,
                           args.y + strip.image * p.y_image + at, out},
                          args.packed[kProject], args.bias[kProject]);
  }
}

// Channel blocks [first, first + blocks) up to the depthwise stage.
void StripPlan::run_panel(const Strip& strip, std::int64_t first, std::int64_t blocks,
                          const StripArgs& args) const {
  const ConvShape& d = shapes_.stage[kDepthwise];
  const std::int64_t in_row = d.in[2] * kConvBlock, out_row = d.out[2] * kConvBlock;
  const std::int64_t in = d.in[1] * in_row, out = d.out[1] * out_row;
  if (stages_->expand != nullptr) expand_rows(strip, first, blocks, args);
  for (std::int64_t b = 0; b < blocks; b++) {
    const std::int64_t block = first + b;
    DepthwisePlane plane = {};
    plane.x = stages_->expand != nullptr
                  ? strip.work + b * work_block_ - strip.in.begin * in_row  // where row 0 would be
                  : args.x + strip.image * d.x_image + block * in;
    plane.planes = 1;
    plane.w = args.packed[kDepthwise] + block * stages_->lattice.taps() * kConvBlock;
    plane.bias = d.bias ? args.bias[kDepthwise] + block * kConvBlock : nullptr;
    plane.y = stages_->project != nullptr
                  ? strip.y + block * strip_block_ - strip.out.begin * out_row
                  : args.y + strip.image * d.y_image + block * out;
    if (d.residual) plane.residual = args.residual + strip.image * d.residual_image + block * out;
    stages_->depthwise.run(stages_->lattice, strip.out.begin, strip.out.end, plane);
  }
}

// The rows that the strip reads, into `work`, and from there to `keep` those that the next reads.
void StripPlan::expand_rows(const Strip& strip, std::int64_t first, std::int64_t blocks,
                            const StripArgs& args) const {
  const ConvShape& e = shapes_.stage[kExpand];
  const std::int64_t width = shapes_.stage[kDepthwise].in[2], row = width * kConvBlock;
  const auto bytes = [&](std::int64_t rows) {
    return sizeof(float) * static_cast<std::size_t>(rows * row);
  };
  for (std::int64_t b = 0; b < blocks; b++) {
    std::memcpy(strip.work + b * work_block_, strip.keep + (first + b) * kept_block_,
                bytes(strip.kept));
  }
  const std::int64_t from = strip.in.begin + strip.kept;
  if (from < strip.in.end) {
    stages_->expand->run(
        first / panel_blocks_,
        {args.x + strip.image * e.x_image + from * row, product(e.in) * kConvBlock,
         (strip.in.end - from) * width, nullptr, strip.work + strip.kept * row, work_block_},
        args.packed[kExpand], args.bias[kExpand]);
  }
  for (std::int64_t b = 0; b < blocks; b++) {
    std::memcpy(strip.keep + (first + b) * kept_block_,
                strip.work + b * work_block_ + (strip.next - strip.in.begin) * row,
                bytes(strip.in.end - strip.next));
  }
}

}  // namespace keel::simd
