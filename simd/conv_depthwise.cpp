// Depthwise convolution, forward and transposed. Kernels 3, 5 and 7 wide without dilation go row by
// row, the rest tap by tap; pixels outside the input read as zeros.
//
// Packed weights: [channel block][lattice][tap][16].
#include <algorithm>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"
#include "simd/depthwise.h"

namespace keel::simd {
namespace {

class DepthwiseConv : public ConvAlgorithm {
 public:
  DepthwiseConv(const ConvShape& shape, const DepthwiseKernels& kernels, int threads);
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  // Where one channel block of one image lies.
  struct Place {
    const float *x, *w, *bias, *residual;
    float* y;
    ConvTap* taps;
  };
  void run_rows(std::int64_t begin, std::int64_t end, const Place& place) const;
  void tap_runs(const ConvLattice& lattice, std::int64_t begin, std::int64_t end,
                const Place& place) const;

  ConvShape shape_;
  const DepthwiseKernels& kernels_;
  std::vector<ConvLattice> lattices_;
  DepthwiseRows rows_ = nullptr;  // where it fits
  std::int64_t blocks_, most_taps_ = 0, taps_ = 0;
  std::int64_t parts_ = 1, pieces_ = 1, chunks_ = 1;
  double flops_ = 0;
};

// The row kernel for the shape, null where it needs the other.
DepthwiseRows row_kernel(const ConvShape& s, const DepthwiseKernels& kernels) {
  const std::int64_t width = s.kernel[2], stride = s.stride[2];
  const bool plane = s.in[0] == 1 && s.out[0] == 1 && s.kernel[0] == 1 && s.pad[0] == 0;
  const bool fits = width % 2 == 1 && width <= 7 && stride <= 2 && s.dilation[2] == 1;
  if (s.transposed || !plane || !fits || s.pad[2] < 0) return nullptr;
  // A kernel copes with fewer columns outside than it is wide, on either side.
  const std::int64_t right = (s.out[2] - 1) * stride - s.pad[2] + width - s.in[2];
  if (s.pad[2] >= width || right >= width) return nullptr;
  // The run that computes the fewest pixels twice.
  DepthwiseRows best = nullptr;
  std::int64_t fewest = 0;
  for (int i = 0; i < kDepthwiseRuns; i++) {
    const std::int64_t pixels = kernels.pixels[i];
    if (pixels > s.out[2]) continue;
    const std::int64_t computed = ceil_div(s.out[2], pixels) * pixels;
    if (best != nullptr && computed >= fewest) continue;
    best = kernels.rows[width / 2][stride - 1][i];
    fewest = computed;
  }
  return best;
}

DepthwiseConv::DepthwiseConv(const ConvShape& shape, const DepthwiseKernels& kernels, int threads)
    : shape_(shape),
      kernels_(kernels),
      lattices_(conv_lattices(shape)),
      rows_(row_kernel(shape, kernels)),
      blocks_(ceil_div(shape.c, kConvBlock)) {
  std::int64_t rows = 0;
  for (const ConvLattice& lattice : lattices_) {
    most_taps_ = std::max(most_taps_, lattice.taps());
    taps_ += lattice.taps();
    rows = std::max(rows, lattice.rows());
    flops_ += 2.0 * static_cast<double>(lattice.rows() * lattice.axis[2].count * lattice.taps());
  }
  flops_ *= static_cast<double>(shape.n * shape.c);
  const std::int64_t units = shape.n * blocks_ * static_cast<std::int64_t>(lattices_.size());
  // A depthwise convolution moves much for few products: count each as several.
  constexpr double kWeight = 4;
  const std::int64_t wanted = conv_chunks(units * rows, kWeight * flops_, threads);
  parts_ = std::min(ceil_div(wanted, units), rows);
  pieces_ = units * parts_;
  chunks_ = std::min(wanted, pieces_);
}

void DepthwiseConv::summarize(ConvPlan* plan) const {
  plan->kernel = rows_ ? "depthwise rows" : "depthwise taps";
  plan->packing = "depthwise";
  plan->flops = flops_;
  plan->packed_floats = blocks_ * taps_ * kConvBlock;
  plan->thread_scratch = conv_tap_bytes(3 * most_taps_);
  plan->phases = {chunks_};
}

void DepthwiseConv::pack(const float* W, float* packed) const {
  const std::int64_t kernel = product(shape_.kernel);
  for (std::int64_t block = 0; block < blocks_; block++) {
    for (const ConvLattice& lattice : lattices_) {
      for (std::int64_t tap : conv_kernel_indices(lattice, shape_.kernel)) {
        for (std::int64_t c = block * kConvBlock; c < (block + 1) * kConvBlock; c++) {
          *packed++ = c < shape_.c ? W[c * kernel + tap] : 0.0f;
        }
      }
    }
  }
}

void DepthwiseConv::run(int, std::int64_t chunk, const ConvArgs& args) const {
  const std::int64_t lattices = static_cast<std::int64_t>(lattices_.size());
  const std::int64_t in = product(shape_.in) * kConvBlock, out = product(shape_.out) * kConvBlock;
  const std::int64_t end = (chunk + 1) * pieces_ / chunks_;
  for (std::int64_t i = chunk * pieces_ / chunks_; i < end; i++) {
    const std::int64_t part = i % parts_, l = i / parts_ % lattices;
    const std::int64_t block = i / parts_ / lattices % blocks_;
    const std::int64_t image = i / parts_ / lattices / blocks_;
    std::int64_t tap = block * taps_;
    for (std::int64_t j = 0; j < l; j++) tap += lattices_[j].taps();
    Place place;
    place.x = args.x + image * shape_.x_image + block * in;
    place.w = args.packed + tap * kConvBlock;
    place.bias = shape_.bias ? args.bias + block * kConvBlock : nullptr;
    place.residual =
        shape_.residual ? args.residual + image * shape_.residual_image + block * out : nullptr;
    place.y = args.y + image * shape_.y_image + block * out;
    place.taps = static_cast<ConvTap*>(args.thread_scratch);
    const std::int64_t rows = lattices_[l].rows();
    const std::int64_t begin = part * rows / parts_, end = (part + 1) * rows / parts_;
    rows_ ? run_rows(begin, end, place) : tap_runs(lattices_[l], begin, end, place);
  }
}

void DepthwiseConv::run_rows(std::int64_t begin, std::int64_t end, const Place& place) const {
  DepthwiseRowsArgs a;
  a.x = place.x;
  a.height = shape_.in[1];
  a.width = shape_.in[2];
  a.top = shape_.pad[1];
  a.left = shape_.pad[2];
  a.kernel_rows = shape_.kernel[1];
  a.stride = shape_.stride[1];
  a.dilation = shape_.dilation[1];
  a.w = place.w;
  a.bias = place.bias;
  a.residual = place.residual;
  a.y = place.y;
  a.y_width = shape_.out[2];
  a.begin = begin;
  a.end = end;
  a.activation = shape_.activation;
  rows_(a);
}

void DepthwiseConv::tap_runs(const ConvLattice& lattice, std::int64_t begin, std::int64_t end,
                             const Place& place) const {
  const ConvAxis& columns = lattice.axis[2];
  DepthwiseTapsArgs a;
  a.x_pixel = columns.x_step * kConvBlock;
  a.w = place.w;
  a.bias = place.bias;
  a.y_pixel = columns.y_step * kConvBlock;
  a.activation = shape_.activation;
  const ConvCut cut(columns.count, kMaxTapsPixels);
  ConvTapCache taps(lattice, 1, place.taps);
  ConvWalk walk(lattice, cut, begin * cut.runs);
  for (std::int64_t i = begin * cut.runs; i < end * cut.runs; i++, walk.next()) {
    const ConvTapCache::Taps list = taps.of(walk.run(), walk.index());
    a.taps = list.begin;
    a.taps_end = list.end;
    a.x = place.x + conv_x_position(lattice, walk.run()) * kConvBlock;
    const std::int64_t y = conv_y_position(lattice, walk.run(), shape_.out) * kConvBlock;
    a.residual = place.residual ? place.residual + y : nullptr;
    a.y = place.y + y;
    kernels_.taps[walk.run().count](a);
  }
}

}  // namespace

ConvPlan plan_depthwise(const ConvShape& shape, const KernelTable& kernels, int threads) {
  auto algorithm = std::make_shared<DepthwiseConv>(shape, *kernels.depthwise, threads);
  ConvPlan plan;
  algorithm->summarize(&plan);
  plan.algorithm = std::move(algorithm);
  return plan;
}

}  // namespace keel::simd
