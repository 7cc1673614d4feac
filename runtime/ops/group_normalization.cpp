// GroupNormalization: Y = (X - mean) / sqrt(var + epsilon) * scale + bias, mean and var being those
// of each of num_groups runs of channels of each image. Inputs X [N, C, spatial], scale and bias
// [C]; with per_group=1 (opset < 21) [num_groups].
#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/norm_plain.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

std::int64_t groups_of(const Node& node) {
  if (!node.has("num_groups")) node.fail_attribute("num_groups", "is required");
  return int_attribute(node, "num_groups", 1, 1, INT32_MAX);
}

void infer_group_normalization(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  context.expect_rank(0, 2, kRankLimit);
  const Shape& x = context.input(0).dims;
  const std::int64_t groups = groups_of(context.node);
  if (x[1] >= 0 && x[1] % groups != 0)
    context.node.fail_attribute("num_groups",
                                str("expected a divisor of the ", x[1], " channels, got ", groups));
  const bool per_group = context.node.int_or("per_group", 0) != 0;
  for (std::size_t i : {1, 2}) {
    expect_same_type(context, i, 0);
    expect_dims(context, i, {per_group ? groups : x[1]});
  }
  context.node.float_or("epsilon", 1e-5f);
  context.set_output(0, type, x);
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  const double epsilon = static_cast<double>(context.node.float_or("epsilon", 1e-5f));
  const bool per_group = context.node.int_or("per_group", 0) != 0;
  const std::int64_t groups = groups_of(context.node), width = dims[1] / groups;
  const std::int64_t spatial = product(dims, 2, dims.size());
  const std::int64_t rows = checked_mul(dims[0], groups), length = checked_mul(width, spatial);
  Kernel kernel;
  kernel.name = "group norm plain";
  kernel.run = [=](RunContext& run) {
    run.parallel.chunks(rows, [&](std::int64_t row, int) {
      const T* x = run.in<T>(0) + row * length;
      T* y = run.out<T>(0) + row * length;
      const RowStatistics statistics = row_statistics(x, length, epsilon);
      const std::int64_t group = row % groups;
      for (std::int64_t c = 0; c < width; ++c) {
        const std::int64_t at = per_group ? group : group * width + c;
        normalize_row(x + c * spatial, spatial, statistics, static_cast<double>(run.in<T>(1)[at]),
                      static_cast<double>(run.in<T>(2)[at]), y + c * spatial);
      }
    });
  };
  return kernel;
}

Kernel prepare_float(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  const double epsilon = static_cast<double>(context.node.float_or("epsilon", 1e-5f));
  const bool per_group = context.node.int_or("per_group", 0) != 0;
  const std::int64_t groups = groups_of(context.node), width = dims[1] / groups;
  const std::int64_t spatial = product(dims, 2, dims.size());
  const std::int64_t rows = checked_mul(dims[0], groups), length = checked_mul(width, spatial);
  const simd::KernelTable& kernels = context.kernels;
  Kernel kernel;
  kernel.name = "group norm";
  kernel.run = [=, &kernels](RunContext& run) {
    run.parallel.chunks(rows, [&](std::int64_t row, int) {
      const float* x = run.in<float>(0) + row * length;
      float* y = run.out<float>(0) + row * length;
      const FloatStatistics statistics = float_statistics(kernels, x, length, epsilon);
      const std::int64_t group = row % groups;
      for (std::int64_t c = 0; c < width; ++c) {
        const std::int64_t at = per_group ? group : group * width + c;
        normalize_row(kernels, x + c * spatial, spatial, statistics, run.in<float>(1)[at],
                      run.in<float>(2)[at], y + c * spatial);
      }
    });
  };
  return kernel;
}

Kernel prepare_group_normalization(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  return prepare_in_plain(context, prepare_float);
}

}  // namespace

void group_normalization(OpTable& table) {
  OpDef def;
  def.name = "GroupNormalization";
  def.infer = infer_group_normalization;
  def.prepare = prepare_group_normalization;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
