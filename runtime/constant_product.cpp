#include "runtime/constant_product.h"

#include "runtime/blocked_conv.h"
#include "runtime/memory_block.h"
#include "runtime/precision.h"
#include "runtime/reorder.h"
#include "simd/conv.h"
#include "simd/kernel_table.h"

namespace keel {
namespace {

constexpr std::size_t kA = 0, kB = 1;

struct ConstantProduct {
  simd::ConvPlan plan;
  std::shared_ptr<const Tensor> weights;
  std::optional<std::size_t> c, residual;

  void operator()(RunContext& run) const {
    simd::ConvArgs args;
    args.x = run.in<float>(kA);
    args.packed = weights->data_as<float>();
    if (c) args.bias = run.in<float>(*c);
    if (residual) args.residual = run.in<float>(*residual);
    args.y = run.out<float>(0);
    args.shared_scratch = run.shared_scratch;
    run_conv_plan(plan, run, args);
  }
};

// Whether this is one product of rows with a constant matrix and nothing else.
bool is_plain(const PrepareContext& context, const FloatProduct& p, bool has_c) {
  const bool column_c = !has_c || (p.addend_row == 0 && p.addend_column == 1 && p.beta == 1.0f);
  return context.is_constant(kB) && p.products == 1 && p.a_column == 1 && p.a_row == p.k &&
         p.alpha == 1.0f && column_c;
}

simd::ConvShape shape_of(const PrepareContext& context, const FloatProduct& p, bool has_c) {
  simd::ConvShape shape;
  shape.c = p.k;
  shape.k = p.n;
  shape.rank = 1;
  shape.in[0] = shape.out[0] = p.m;
  shape.bias = has_c;
  shape.residual = context.node.epilogue.residual;
  shape.activation = p.activation;
  shape.matrix = true;
  shape.by_input = p.b_column == 1;
  return shape;
}

}  // namespace

std::string constant_product_note(const PrepareContext& context, const FloatProduct& p) {
  const simd::ConvPrecision precision = conv_precision(context.precision);
  if (p.m < 1 || p.n < 1 || p.k < 1 || product_weight_bits(context, p, kB) < 32) return "";
  const std::string note =
      simd::matrix_note(shape_of(context, p, false), context.kernels, precision);
  if (note.empty() || is_plain(context, p, false)) return note;
  return context.is_constant(kB) ? "bf16: strides, alpha or many matrices" : "bf16: B varies";
}

std::optional<Kernel> prepare_constant_product(const PrepareContext& context, const FloatProduct& p,
                                               std::optional<std::size_t> c, std::size_t residual) {
  if (!is_plain(context, p, c.has_value()) || p.m < 1 || p.n < 1 || p.k < 1) return std::nullopt;
  // Few rows wait for B, in whatever unit: dot products of narrow weights with floats are as fast.
  if (product_weight_bits(context, p, kB) < 32) return std::nullopt;
  ConstantProduct product;
  product.c = c;
  if (context.node.epilogue.residual) product.residual = residual;
  const simd::ConvShape shape = shape_of(context, p, c.has_value());
  const simd::ConvPrecision precision = conv_precision(context.precision);
  if (!simd::takes_matrix(shape, context.kernels, precision)) return std::nullopt;
  product.plan = simd::plan_conv(shape, context.kernels, context.threads, precision);
  product.weights = context.pack("B " + product.plan.packing, [&] {
    Tensor packed = weight_tensor(DataType::Float, {product.plan.packed_floats});
    simd::pack_conv_weights(product.plan, context.constants[kB]->data_as<float>(),
                            packed.data_as<float>());
    return packed;
  });
  Kernel kernel;
  kernel.name = product.plan.kernel;
  kernel.note = product.plan.note;
  kernel.flops = product.plan.flops;
  kernel.scratch_per_thread = product.plan.thread_scratch;
  kernel.scratch_shared = product.plan.shared_scratch;
  kernel.packed_inputs = std::uint64_t{1} << kB;
  kernel.run = std::move(product);
  return kernel;
}

}  // namespace keel
