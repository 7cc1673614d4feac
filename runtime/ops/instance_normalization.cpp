// InstanceNormalization: Y = (X - mean) / sqrt(var + epsilon) * scale + B, mean and var being those
// of each channel of each image. Inputs X [N, C, spatial], scale [C], B [C].
#include "runtime/infer_checks.h"
#include "runtime/ops/norm_plain.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

void infer_instance_normalization(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  context.expect_rank(0, 3, kRankLimit);
  const Shape& x = context.input(0).dims;
  for (std::size_t i : {1, 2}) {
    expect_same_type(context, i, 0);
    expect_dims(context, i, {x[1]});
  }
  context.node.float_or("epsilon", 1e-5f);
  context.set_output(0, type, x);
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  const double epsilon = static_cast<double>(context.node.float_or("epsilon", 1e-5f));
  const std::int64_t channels = dims[1], planes = checked_mul(dims[0], channels);
  const std::int64_t spatial = product(dims, 2, dims.size());
  Kernel kernel;
  kernel.name = "instance norm plain";
  kernel.run = [=](RunContext& run) {
    run.parallel.chunks(planes, [&](std::int64_t plane, int) {
      const T* x = run.in<T>(0) + plane * spatial;
      const std::int64_t c = plane % channels;
      normalize_row(x, spatial, row_statistics(x, spatial, epsilon),
                    static_cast<double>(run.in<T>(1)[c]), static_cast<double>(run.in<T>(2)[c]),
                    run.out<T>(0) + plane * spatial);
    });
  };
  return kernel;
}

Kernel prepare_float(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  const double epsilon = static_cast<double>(context.node.float_or("epsilon", 1e-5f));
  const std::int64_t channels = dims[1], planes = checked_mul(dims[0], channels);
  const std::int64_t spatial = product(dims, 2, dims.size());
  const simd::KernelTable& kernels = context.kernels;
  Kernel kernel;
  kernel.name = "instance norm";
  kernel.run = [=, &kernels](RunContext& run) {
    run.parallel.chunks(planes, [&](std::int64_t plane, int) {
      const float* x = run.in<float>(0) + plane * spatial;
      const std::int64_t c = plane % channels;
      normalize_row(kernels, x, spatial, float_statistics(kernels, x, spatial, epsilon),
                    run.in<float>(1)[c], run.in<float>(2)[c], run.out<float>(0) + plane * spatial);
    });
  };
  return kernel;
}

Kernel prepare_instance_normalization(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  return prepare_in_plain(context, prepare_float);
}

}  // namespace

void instance_normalization(OpTable& table) {
  OpDef def;
  def.name = "InstanceNormalization";
  def.infer = infer_instance_normalization;
  def.prepare = prepare_instance_normalization;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
