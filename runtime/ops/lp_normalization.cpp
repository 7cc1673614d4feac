// LpNormalization: Y = X / norm of X along `axis`, the sum of magnitudes (p=1) or the root of the
// sum of squares (p=2); 0 where the norm is 0.
#include <cmath>

#include "runtime/infer_checks.h"

namespace keel::ops {
namespace {

std::int64_t power_of(const Node& node) { return int_attribute(node, "p", 2, 1, 2); }

void infer_lp_normalization(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  context.expect_rank(0, 1, kRankLimit);
  context.axis(context.node.int_or("axis", -1), context.rank(0));
  power_of(context.node);
  context.set_output(0, type, context.input(0).dims);
}

// X as [outer, n, inner].
template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  std::int64_t axis = context.node.int_or("axis", -1);
  if (axis < 0) axis += static_cast<std::int64_t>(dims.size());
  const auto at = static_cast<std::size_t>(axis);
  const std::int64_t outer = product(dims, 0, at), n = dims[at];
  const std::int64_t inner = product(dims, at + 1, dims.size());
  const bool squares = power_of(context.node) == 2;
  Kernel kernel;
  kernel.name = "lp norm plain";
  kernel.run = [=](RunContext& run) {
    run.parallel.chunks(checked_mul(outer, inner), [&](std::int64_t slice, int) {
      const std::int64_t first = slice / inner * n * inner + slice % inner;
      const T* x = run.in<T>(0) + first;
      T* y = run.out<T>(0) + first;
      double sum = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        const double value = static_cast<double>(x[i * inner]);
        sum += squares ? value * value : std::abs(value);
      }
      const double norm = squares ? std::sqrt(sum) : sum;
      for (std::int64_t i = 0; i < n; ++i)
        y[i * inner] = norm == 0 ? T(0) : static_cast<T>(static_cast<double>(x[i * inner]) / norm);
    });
  };
  return kernel;
}

Kernel prepare_lp_normalization(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  return prepare_plain<float>(context);
}

}  // namespace

void lp_normalization(OpTable& table) {
  OpDef def;
  def.name = "LpNormalization";
  def.infer = infer_lp_normalization;
  def.prepare = prepare_lp_normalization;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
