// Pointwise convolution of images of one pixel, as the gates of squeeze-and-excite have them: a
// product of matrices of few rows, which threads share by columns. Dot products with W as it is are
// half as fast where c is small.
//
//   y[image][k] = act(bias[k] + residual + sum over c: x[image][c] * W[k][c])
//
// Packed weights: a line, of which the first int32 says in how many bits they are, and those of the
// product: [panel of k][c][lanes of the panel] floats, or narrow ones. Large weights wait for
// memory: W of 960 to 240 channels takes 0.65 of the time in 20 bits.
#include <cstring>
#include <string>

#include "simd/conv_algorithm.h"
#include "simd/gemm.h"

namespace keel::simd {
namespace {

constexpr std::int64_t kHead = 16;  // floats
constexpr std::int32_t kFloatBits = 32;

class PixelConv : public ConvAlgorithm {
 public:
  PixelConv(const ConvShape& shape, const GemmKernels& gemm, int bits)
      : shape_(shape), gemm_(gemm), bits_(bits) {}

  void pack(const float* W, float* packed) const override {
    const std::int64_t c = shape_.c, k = shape_.k;
    float* weights = packed + kHead;
    std::int32_t bits = bits_;
    if (bits != kFloatBits && !gemm_.pack_narrow(W, 1, c, c, 0, k, bits, narrow(weights)))
      bits = kFloatBits;
    if (bits == kFloatBits) gemm_.pack_b(W, 1, c, c, k, 0, ceil_div(k, gemm_.panel), weights);
    std::memcpy(packed, &bits, sizeof bits);
  }

  void run(int, std::int64_t chunk, const ConvArgs& args) const override {
    GemmArgs g;
    g.m = shape_.n, g.n = shape_.k, g.k = shape_.c;
    g.a = args.x, g.a_row = shape_.x_image;
    const float* weights = args.packed + kHead;
    std::int32_t bits;
    std::memcpy(&bits, args.packed, sizeof bits);
    if (bits == kFloatBits) {
      g.b = weights;
    } else {
      g.narrow_b = narrow(weights), g.narrow_bits = bits;
    }
    g.c = args.y, g.c_row = shape_.y_image;
    if (shape_.bias) g.addend = args.bias, g.addend_column = 1;
    if (shape_.residual) g.residual = args.residual, g.residual_row = shape_.residual_image;
    g.activation = shape_.activation;
    gemm_.run(g, chunk, static_cast<float*>(args.thread_scratch));
  }

 private:
  static std::int32_t* narrow(float* weights) { return reinterpret_cast<std::int32_t*>(weights); }
  static const std::int32_t* narrow(const float* weights) {
    return reinterpret_cast<const std::int32_t*>(weights);
  }

  ConvShape shape_;
  const GemmKernels& gemm_;
  int bits_;  // that are tried
};

int weight_bits(const ConvShape& s, const GemmKernels& gemm, ConvPrecision precision) {
  constexpr std::int64_t kNarrowFrom = 48 * 1024;  // weights; fewer stay in a cache
  if (precision == ConvPrecision::Strict || s.k * s.c < kNarrowFrom) return kFloatBits;
  const int bits = precision == ConvPrecision::Bf16 ? 16 : 20;
  // Short columns are filled up too much.
  const bool smaller = 5 * gemm.narrow_b_size(s.c, s.k, bits) <= 4 * gemm.packed_b_size(s.c, s.k);
  return smaller ? bits : kFloatBits;
}

}  // namespace

bool is_pixel_conv(const ConvShape& s) {
  constexpr std::int64_t kFewImages = 6;  // with more, a register tile is well used
  return s.group == 1 && s.n <= kFewImages && product(s.kernel) == 1 && product(s.in) == 1 &&
         product(s.out) == 1 && s.pad == ConvExtents{0, 0, 0} && !s.transposed;
}

ConvPlan plan_pixel(const ConvShape& shape, const KernelTable& kernels, ConvPrecision precision) {
  const GemmKernels& gemm = *kernels.gemm;
  const int bits = weight_bits(shape, gemm, precision);
  const std::string narrow = bits == kFloatBits ? "" : " of " + std::to_string(bits) + " bits";
  ConvPlan plan;
  plan.kernel = "pixel gemm" + (narrow.empty() ? narrow : narrow + " where enough");
  plan.packing = "gemm" + narrow;
  plan.flops = 2.0 * static_cast<double>(shape.n * shape.k * shape.c);
  plan.packed_floats = kHead + gemm.packed_b_size(shape.c, shape.k);
  plan.thread_scratch =
      sizeof(float) * static_cast<std::size_t>(gemm.scratch_size(shape.n, shape.k, shape.c));
  plan.phases = {gemm.chunks(shape.n, shape.k, shape.c)};
  plan.algorithm = std::make_shared<PixelConv>(shape, gemm, bits);
  return plan;
}

}  // namespace keel::simd
