#include "runtime/blocked_gemm.h"

#include <algorithm>

#include "runtime/reorder.h"
#include "simd/conv.h"

namespace keel {
namespace {

constexpr std::size_t kA = 0, kB = 1;

std::int64_t blocks_of(std::int64_t channels) { return (channels + kBlock - 1) / kBlock; }

// W [N, K] as the convolution wants it, alpha multiplied in.
Tensor weights_of(const float* B, const GemmShape& shape) {
  Tensor W(DataType::Float, {shape.n, shape.k});
  float* to = W.data_as<float>();
  for (std::int64_t n = 0; n < shape.n; ++n)
    for (std::int64_t k = 0; k < shape.k; ++k)
      to[n * shape.k + k] = shape.alpha * B[shape.trans_b ? n * shape.k + k : k * shape.n + n];
  return W;
}

Tensor padded_bias(const Tensor& bias, const GemmShape& shape) {
  Tensor padded(DataType::Float, {blocks_of(shape.n) * kBlock});
  float* to = padded.data_as<float>();
  std::fill(to, to + padded.size(), 0.0f);
  for (std::int64_t n = 0; n < shape.n; ++n)
    to[n] = shape.beta * bias.data_as<float>()[bias.size() == 1 ? 0 : n];
  return padded;
}

struct BlockedGemm {
  GemmShape shape;
  simd::ConvPlan plan;
  std::shared_ptr<const Tensor> weights, bias;
  std::size_t a_at = 0, y_at = 0;

  void operator()(RunContext& run) const {
    simd::ConvArgs args;
    args.shared_scratch = run.shared_scratch;
    auto* a = reinterpret_cast<float*>(run.shared_scratch + a_at);
    auto* y = reinterpret_cast<float*>(run.shared_scratch + y_at);
    gather(run, a);
    args.x = a;
    args.y = y;
    args.packed = weights->data_as<float>();
    if (bias != nullptr) args.bias = bias->data_as<float>();
    for (std::size_t phase = 0; phase < plan.phases.size(); ++phase)
      run.parallel.chunks(plan.phases[phase], [&](std::int64_t chunk, int thread) {
        simd::ConvArgs own = args;
        own.thread_scratch = run.scratch(thread);
        simd::run_conv_chunk(plan, static_cast<int>(phase), chunk, own);
      });
    scatter(run, y);
  }

  // A [M, K] -> [K / 16][M][16]; lanes beyond K are unspecified.
  void gather(RunContext& run, float* to) const {
    const float* from = run.in<float>(kA);
    run.parallel.ranges(shape.m, grain(shape.k), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m)
        for (std::int64_t k = 0; k < shape.k; k += kBlock)
          std::copy_n(from + m * shape.k + k, std::min(kBlock, shape.k - k),
                      to + (k * shape.m + m * kBlock));
    });
  }

  void scatter(RunContext& run, const float* from) const {
    float* to = run.out<float>(0);
    run.parallel.ranges(shape.m, grain(shape.n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m)
        for (std::int64_t n = 0; n < shape.n; n += kBlock)
          std::copy_n(from + (n * shape.m + m * kBlock), std::min(kBlock, shape.n - n),
                      to + m * shape.n + n);
    });
  }

  static std::int64_t grain(std::int64_t row) {
    constexpr std::int64_t kFloats = 16384;
    return std::max<std::int64_t>(1, kFloats / row);
  }
};

}  // namespace

bool is_blocked_gemm(const PrepareContext& context, const GemmShape& shape, std::size_t bias) {
  if (context.inputs[kA].type != DataType::Float || !context.is_constant(kB)) return false;
  if (shape.m <= 0 || shape.n <= 0 || shape.k <= 0 || context.node.epilogue.residual) return false;
  if (!context.has_input(bias)) return true;
  if (!context.is_constant(bias)) return false;
  const Shape& dims = context.inputs[bias].dims;
  const std::int64_t size = element_count(dims);
  return size == 1 || (size == shape.n && dims.back() == shape.n);
}

Kernel prepare_blocked_gemm(const PrepareContext& context, const GemmShape& shape,
                            std::size_t bias) {
  simd::ConvShape conv;
  conv.c = shape.k;
  conv.k = shape.n;
  conv.rank = 1;
  conv.in[0] = conv.out[0] = shape.m;
  conv.bias = context.has_input(bias);
  conv.activation = context.node.epilogue.activation;
  BlockedGemm gemm;
  gemm.shape = shape;
  gemm.plan = simd::plan_conv(conv, context.kernels, context.threads,
                              context.precision == Precision::Strict);
  gemm.weights = context.pack("B " + gemm.plan.packing, [&] {
    const Tensor W = weights_of(context.constants[kB]->data_as<float>(), shape);
    Tensor packed(DataType::Float, {gemm.plan.packed_floats});
    simd::pack_conv_weights(gemm.plan, W.data_as<float>(), packed.data_as<float>());
    return packed;
  });
  if (conv.bias)
    gemm.bias = context.pack("C", [&] { return padded_bias(*context.constants[bias], shape); });
  Kernel kernel;
  kernel.name = "gemm by " + gemm.plan.kernel;
  kernel.flops = gemm.plan.flops;
  kernel.scratch_per_thread = gemm.plan.thread_scratch;
  const auto blocked = [&](std::int64_t channels) {
    return align64(static_cast<std::size_t>(blocks_of(channels) * kBlock * shape.m) *
                   sizeof(float));
  };
  gemm.a_at = align64(gemm.plan.shared_scratch);
  gemm.y_at = gemm.a_at + blocked(shape.k);
  kernel.scratch_shared = gemm.y_at + blocked(shape.n);
  kernel.run = std::move(gemm);
  return kernel;
}

}  // namespace keel
