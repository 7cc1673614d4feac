// Depthwise convolution, forward and transposed.
//
// Packed weights: [channel block][lattice][tap][16].
#include <algorithm>

#include "simd/conv_algorithm.h"
#include "simd/depthwise_plane.h"

namespace keel::simd {
namespace {

class DepthwiseConv : public ConvAlgorithm {
 public:
  DepthwiseConv(const ConvShape& shape, const DepthwiseKernels& kernels, int threads);
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  ConvShape shape_;
  std::vector<ConvLattice> lattices_;
  DepthwiseRunner runner_;
  std::int64_t blocks_, most_taps_ = 0, taps_ = 0;
  std::int64_t parts_ = 1, pieces_ = 1, chunks_ = 1;
  double flops_ = 0;
};

DepthwiseConv::DepthwiseConv(const ConvShape& shape, const DepthwiseKernels& kernels, int threads)
    : shape_(shape),
      lattices_(conv_lattices(shape)),
      runner_(shape, kernels),
      blocks_(ceil_div(shape.c, kConvBlock)) {
  std::int64_t rows = 0, pixels = 0;
  for (const ConvLattice& lattice : lattices_) {
    most_taps_ = std::max(most_taps_, lattice.taps());
    taps_ += lattice.taps();
    rows = std::max(rows, lattice.rows());
    pixels = std::max(pixels, lattice.rows() * lattice.axis[2].count);
    flops_ += 2.0 * static_cast<double>(lattice.rows() * lattice.axis[2].count * lattice.taps());
  }
  flops_ *= static_cast<double>(shape.n * shape.c);
  const std::int64_t units = shape.n * blocks_ * static_cast<std::int64_t>(lattices_.size());
  // A depthwise convolution moves much for few products: count each as several.
  constexpr double kWeight = 4;
  const std::int64_t wanted = conv_chunks(units * rows, kWeight * flops_, threads);
  // Rows before channels, on small planes channels before rows, as the pointwise convolutions
  // around it do: a thread finds in its cache what it wrote itself.
  parts_ = std::min(pixels >= kLargePlane ? wanted : ceil_div(wanted, units), rows);
  pieces_ = units * parts_;
  chunks_ = std::min(wanted, pieces_);
}

void DepthwiseConv::summarize(ConvPlan* plan) const {
  plan->kernel = runner_.by_rows() ? "depthwise rows" : "depthwise taps";
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
    const std::int64_t l = i % lattices, block = i / lattices % blocks_;
    const std::int64_t part = i / lattices / blocks_ % parts_;
    const std::int64_t image = i / lattices / blocks_ / parts_;
    std::int64_t tap = block * taps_;
    for (std::int64_t j = 0; j < l; j++) tap += lattices_[j].taps();
    DepthwisePlane plane;
    plane.x = args.x + image * shape_.x_image + block * in;
    plane.planes = 1;
    plane.x_plane = 0;
    plane.w = args.packed + tap * kConvBlock;
    plane.bias = shape_.bias ? args.bias + block * kConvBlock : nullptr;
    plane.residual =
        shape_.residual ? args.residual + image * shape_.residual_image + block * out : nullptr;
    plane.y = args.y + image * shape_.y_image + block * out;
    plane.taps = static_cast<ConvTap*>(args.thread_scratch);
    const std::int64_t rows = lattices_[l].rows();
    const std::int64_t begin = part * rows / parts_, end = (part + 1) * rows / parts_;
    runner_.run(lattices_[l], begin, end, plane);
  }
}

}  // namespace

ConvPlan plan_depthwise(const ConvShape& shape, const KernelTable& kernels, int threads) {
  return plan_of(std::make_shared<DepthwiseConv>(shape, *kernels.depthwise, threads));
}

}  // namespace keel::simd
