// Convolution of groups of few channels, as if depthwise: for the j-th input channel of its group
// every output channel has a plane of its own, and the planes' results add up.
//
//   y[m][o] = sum_j sum_k W[m][j][k] * x[group(m) * c / group + j][o * stride + k - pad]
//
// The planes of a channel block of y are x with its lanes put in the order of y's, once per strip
// of rows, so that they stay in L2. A plane pays where its lanes would be multiplied by zeros in a
// register tile.
//
// Packed weights: [channel block of y][j][tap][16].
#include <algorithm>

#include "simd/conv_algorithm.h"
#include "simd/depthwise_plane.h"

namespace keel::simd {
namespace {

class NarrowConv : public ConvAlgorithm {
 public:
  NarrowConv(const ConvShape& shape, const DepthwiseKernels& kernels, int threads);
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  // Input rows that output rows [begin, end) read: [begin, end), may be empty.
  struct Rows {
    std::int64_t begin, end;
  };
  Rows rows_read(std::int64_t begin, std::int64_t end) const;
  void run_strip(std::int64_t image, std::int64_t block, std::int64_t begin, std::int64_t end,
                 const ConvArgs& args) const;
  LaneMap lanes(std::int64_t block, std::int64_t j, const float* x) const;
  std::int64_t planes() const { return shape_.c / shape_.group; }
  std::int64_t blocks() const { return ceil_div(shape_.k, kConvBlock); }
  std::size_t tap_bytes() const { return conv_tap_bytes(3 * lattice_.taps()); }

  ConvShape shape_;
  const DepthwiseKernels& kernels_;
  ConvLattice lattice_;
  DepthwiseRunner runner_;
  std::int64_t strip_rows_, strips_;
  std::int64_t chunks_;
  double flops_;
};

NarrowConv::NarrowConv(const ConvShape& shape, const DepthwiseKernels& kernels, int threads)
    : shape_(shape),
      kernels_(kernels),
      lattice_(conv_lattices(shape)[0]),
      runner_(shape, kernels),
      flops_(2.0 * static_cast<double>(shape.n * product(shape.out) * shape.k) *
             static_cast<double>(shape.c / shape.group * product(shape.kernel))) {
  constexpr std::int64_t kBytes = 256 << 10;
  const std::int64_t row_bytes = 64 * shape.in[2] * planes();
  const std::int64_t reach = (shape.kernel[1] - 1) * shape.dilation[1] + 1;
  const std::int64_t fit = (kBytes / row_bytes - reach) / shape.stride[1] + 1;
  strips_ = ceil_div(shape.out[1], std::max<std::int64_t>(fit, 1));
  chunks_ = conv_chunks(shape.n * blocks() * shape.out[1], 2 * flops_, threads);
  strips_ = std::min(std::max(strips_, ceil_div(chunks_, shape.n * blocks())), shape.out[1]);
  strip_rows_ = ceil_div(shape.out[1], strips_);
  chunks_ = std::min(chunks_, shape.n * blocks() * strips_);
}

void NarrowConv::summarize(ConvPlan* plan) const {
  plan->kernel = runner_.by_rows() ? "narrow groups rows" : "narrow groups taps";
  plan->packing = "narrow";
  plan->flops = flops_;
  plan->packed_floats = blocks() * planes() * lattice_.taps() * kConvBlock;
  const std::int64_t reach = (shape_.kernel[1] - 1) * shape_.dilation[1] + 1;
  const std::int64_t rows = std::min(shape_.in[1], (strip_rows_ - 1) * shape_.stride[1] + reach);
  plan->thread_scratch =
      tap_bytes() + sizeof(float) * static_cast<std::size_t>(planes() * rows * shape_.in[2] * 16);
  plan->phases = {chunks_};
}

void NarrowConv::pack(const float* W, float* packed) const {
  const std::int64_t taps = lattice_.taps();
  for (std::int64_t block = 0; block < blocks(); block++) {
    for (std::int64_t step = 0; step < planes() * taps; step++) {
      for (std::int64_t k = block * kConvBlock; k < (block + 1) * kConvBlock; k++) {
        *packed++ = k < shape_.k ? W[k * planes() * taps + step] : 0.0f;
      }
    }
  }
}

void NarrowConv::run(int, std::int64_t chunk, const ConvArgs& args) const {
  const std::int64_t pieces = shape_.n * blocks() * strips_;
  const std::int64_t last = (chunk + 1) * pieces / chunks_;
  for (std::int64_t i = chunk * pieces / chunks_; i < last; i++) {
    const std::int64_t strip = i % strips_, rows = shape_.out[1];
    run_strip(i / strips_ / blocks(), i / strips_ % blocks(), strip * rows / strips_,
              (strip + 1) * rows / strips_, args);
  }
}

NarrowConv::Rows NarrowConv::rows_read(std::int64_t begin, std::int64_t end) const {
  const std::int64_t reach = (shape_.kernel[1] - 1) * shape_.dilation[1] + 1;
  const std::int64_t first = begin * shape_.stride[1] - shape_.pad[1];
  const std::int64_t last = (end - 1) * shape_.stride[1] - shape_.pad[1] + reach;
  Rows rows = {std::max<std::int64_t>(first, 0), std::min(last, shape_.in[1])};
  if (rows.end <= rows.begin) rows = {0, 0};
  return rows;
}

LaneMap NarrowConv::lanes(std::int64_t block, std::int64_t j, const float* x) const {
  const std::int64_t cg = planes(), kg = shape_.k / shape_.group;
  const auto channel = [&](std::int64_t k) { return k / kg * cg + j; };
  const std::int64_t begin = block * kConvBlock;
  const std::int64_t end = std::min(begin + kConvBlock, shape_.k);
  const std::int64_t first = channel(begin) / kConvBlock;
  LaneMap map;
  map.x_block = shape_.in[1] * shape_.in[2] * kConvBlock;
  map.x = x + first * map.x_block;
  map.blocks = static_cast<int>(channel(end - 1) / kConvBlock - first + 1);
  for (std::int64_t k = begin; k < begin + kConvBlock; k++) {
    map.from[k - begin] = k < end ? static_cast<std::int32_t>(channel(k) - first * kConvBlock) : -1;
  }
  return map;
}

void NarrowConv::run_strip(std::int64_t image, std::int64_t block, std::int64_t begin,
                           std::int64_t end, const ConvArgs& args) const {
  auto* scratch = static_cast<char*>(args.thread_scratch);
  auto* strip = reinterpret_cast<float*>(scratch + tap_bytes());
  const Rows rows = rows_read(begin, end);
  const std::int64_t first = rows.begin * shape_.in[2] * kConvBlock;
  const std::int64_t pixels = (rows.end - rows.begin) * shape_.in[2];
  const float* x = args.x + image * shape_.x_image + first;
  for (std::int64_t j = 0; j < planes(); j++) {
    kernels_.permute(lanes(block, j, x), pixels, strip + j * pixels * kConvBlock);
  }
  const std::int64_t at = block * shape_.out[1] * shape_.out[2] * kConvBlock;
  DepthwisePlane plane;
  plane.x = strip - first;  // where row 0 would be
  plane.planes = planes();
  plane.x_plane = pixels * kConvBlock;
  plane.w = args.packed + block * planes() * lattice_.taps() * kConvBlock;
  plane.bias = shape_.bias ? args.bias + block * kConvBlock : nullptr;
  plane.residual = shape_.residual ? args.residual + image * shape_.residual_image + at : nullptr;
  plane.y = args.y + image * shape_.y_image + at;
  plane.taps = reinterpret_cast<ConvTap*>(scratch);
  runner_.run(lattice_, begin, end, plane);
}

}  // namespace

bool prefers_narrow(const ConvShape& s) {
  if (s.transposed || s.in[0] != 1 || s.out[0] != 1 || s.kernel[0] != 1 || s.pad[0] != 0) {
    return false;
  }
  // Steps of 16 lanes per pixel and channel block of y; measured.
  const auto cg = static_cast<double>(s.c / s.group), kg = static_cast<double>(s.k / s.group);
  const auto taps = static_cast<double>(product(s.kernel));
  const double narrow = cg * (5 + 1.2 * taps);
  const double scattered = 16 / kg * (cg * taps + 4);
  return s.k / s.group < kConvBlock && narrow < scattered;
}

ConvPlan plan_narrow(const ConvShape& shape, const KernelTable& kernels, int threads) {
  return plan_of(std::make_shared<NarrowConv>(shape, *kernels.depthwise, threads));
}

}  // namespace keel::simd
