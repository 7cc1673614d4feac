#include "runtime/strassen_product.h"

#include "runtime/blocked_conv.h"
#include "runtime/memory_block.h"
#include "runtime/reorder.h"
#include "simd/conv.h"
#include "simd/kernel_table.h"

namespace keel {
namespace {

constexpr std::size_t kA = 0, kB = 1, kC = 2, kResidual = 3;

struct StrassenProduct {
  simd::ConvPlan plan;
  std::shared_ptr<const Tensor> weights;
  bool has_c = false, has_residual = false;

  void operator()(RunContext& run) const {
    simd::ConvArgs args;
    args.x = run.in<float>(kA);
    args.packed = weights->data_as<float>();
    if (has_c) args.bias = run.in<float>(kC);
    if (has_residual) args.residual = run.in<float>(kResidual);
    args.y = run.out<float>(0);
    args.shared_scratch = run.shared_scratch;
    run_conv_plan(plan, run, args);
  }
};

bool fits(const PrepareContext& context, const FloatProduct& p) {
  const bool column_c = !context.has_input(kC) || (p.addend_row == 0 && p.addend_column == 1);
  return context.precision != Precision::Strict && context.is_constant(kB) && p.products == 1 &&
         p.a_column == 1 && p.a_row == p.k && p.alpha == 1.0f && p.beta == 1.0f && column_c;
}

}  // namespace

std::optional<Kernel> prepare_strassen_product(const PrepareContext& context,
                                               const FloatProduct& p) {
  if (!fits(context, p) || p.m < 1 || p.n < 1 || p.k < 1) return std::nullopt;
  StrassenProduct product;
  product.has_c = context.has_input(kC);
  product.has_residual = context.node.epilogue.residual;
  simd::ConvShape shape;
  shape.c = p.k;
  shape.k = p.n;
  shape.rank = 1;
  shape.in[0] = shape.out[0] = p.m;
  shape.bias = product.has_c;
  shape.residual = product.has_residual;
  shape.activation = p.activation;
  shape.matrix = true;
  shape.by_input = p.b_column == 1;
  if (!simd::takes_matrix(shape)) return std::nullopt;
  product.plan = simd::plan_conv(shape, context.kernels, context.threads, false);
  product.weights = context.pack("B " + product.plan.packing, [&] {
    Tensor packed = weight_tensor(DataType::Float, {product.plan.packed_floats});
    simd::pack_conv_weights(product.plan, context.constants[kB]->data_as<float>(),
                            packed.data_as<float>());
    return packed;
  });
  Kernel kernel;
  kernel.name = product.plan.kernel;
  kernel.flops = product.plan.flops;
  kernel.scratch_per_thread = product.plan.thread_scratch;
  kernel.scratch_shared = product.plan.shared_scratch;
  kernel.packed_inputs = std::uint64_t{1} << kB;
  kernel.run = std::move(product);
  return kernel;
}

}  // namespace keel
