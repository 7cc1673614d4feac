// Pointwise convolution of images of one pixel, as the gates of squeeze-and-excite have them: a
// product of matrices of few rows, which threads share by columns. Dot products with W as it is are
// half as fast where c is small.
//
//   y[image][k] = act(bias[k] + residual + sum over c: x[image][c] * W[k][c])
//
// Packed weights: those of the product, [panel of k][c][lanes of the panel].
#include "simd/conv_algorithm.h"
#include "simd/gemm.h"

namespace keel::simd {
namespace {

class PixelConv : public ConvAlgorithm {
 public:
  PixelConv(const ConvShape& shape, const GemmKernels& gemm) : shape_(shape), gemm_(gemm) {}

  void pack(const float* W, float* packed) const override {
    const std::int64_t panels = ceil_div(shape_.k, gemm_.panel);
    gemm_.pack_b(W, 1, shape_.c, shape_.c, shape_.k, 0, panels, packed);
  }

  void run(int, std::int64_t chunk, const ConvArgs& args) const override {
    GemmArgs g;
    g.m = shape_.n, g.n = shape_.k, g.k = shape_.c;
    g.a = args.x, g.a_row = shape_.x_image;
    g.b = args.packed;
    g.c = args.y, g.c_row = shape_.y_image;
    if (shape_.bias) g.addend = args.bias, g.addend_column = 1;
    if (shape_.residual) g.residual = args.residual, g.residual_row = shape_.residual_image;
    g.activation = shape_.activation;
    gemm_.run(g, chunk, static_cast<float*>(args.thread_scratch));
  }

 private:
  ConvShape shape_;
  const GemmKernels& gemm_;
};

}  // namespace

bool is_pixel_conv(const ConvShape& s) {
  constexpr std::int64_t kFewImages = 6;  // with more, a register tile is well used
  return s.group == 1 && s.n <= kFewImages && product(s.kernel) == 1 && product(s.in) == 1 &&
         product(s.out) == 1 && s.pad == ConvExtents{0, 0, 0} && !s.transposed;
}

ConvPlan plan_pixel(const ConvShape& shape, const KernelTable& kernels) {
  const GemmKernels& gemm = *kernels.gemm;
  ConvPlan plan;
  plan.kernel = "pixel gemm";
  plan.packing = "gemm";
  plan.flops = 2.0 * static_cast<double>(shape.n * shape.k * shape.c);
  plan.packed_floats = gemm.packed_b_size(shape.c, shape.k);
  plan.thread_scratch =
      sizeof(float) * static_cast<std::size_t>(gemm.scratch_size(shape.n, shape.k, shape.c));
  plan.phases = {gemm.chunks(shape.n, shape.k, shape.c)};
  plan.algorithm = std::make_shared<PixelConv>(shape, gemm);
  return plan;
}

}  // namespace keel::simd
