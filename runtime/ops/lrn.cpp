// LRN: Y = X / (bias + alpha / size * sum of X^2 over `size` neighbouring channels) ^ beta.
// Channel c sees channels c - (size-1)/2 rounded down to c + (size-1)/2 rounded up.
#include <algorithm>
#include <cmath>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

struct Lrn {
  std::int64_t images, channels, spatial, size;
  double alpha, beta, bias;

  std::int64_t first(std::int64_t c) const { return std::max<std::int64_t>(c - (size - 1) / 2, 0); }
  std::int64_t last(std::int64_t c) const { return std::min(c + size / 2, channels - 1); }
};

std::int64_t size_of(const Node& node) {
  if (!node.has("size")) node.fail_attribute("size", "is required");
  return int_attribute(node, "size", 1, 1, INT32_MAX);
}

void infer_lrn(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  context.expect_rank(0, 2, kRankLimit);
  size_of(context.node);
  for (const char* name : {"alpha", "beta", "bias"}) context.node.float_or(name, 0);
  context.set_output(0, type, context.input(0).dims);
}

Lrn lrn_of(const PrepareContext& context) {
  const Node& node = context.node;
  const Shape& dims = context.inputs[0].dims;
  return {dims[0],
          dims[1],
          product(dims, 2, dims.size()),
          size_of(node),
          static_cast<double>(node.float_or("alpha", 1e-4f)),
          static_cast<double>(node.float_or("beta", 0.75f)),
          static_cast<double>(node.float_or("bias", 1.0f))};
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  Kernel kernel;
  kernel.name = "lrn plain";
  kernel.run = [lrn = lrn_of(context)](RunContext& run) {
    const double factor = lrn.alpha / static_cast<double>(lrn.size);
    run.parallel.chunks(lrn.images * lrn.channels, [&](std::int64_t plane, int) {
      const std::int64_t c = plane % lrn.channels;
      const T* image = run.in<T>(0) + (plane - c) * lrn.spatial;
      T* y = run.out<T>(0) + plane * lrn.spatial;
      for (std::int64_t i = 0; i < lrn.spatial; ++i) {
        double squares = 0;
        for (std::int64_t k = lrn.first(c); k <= lrn.last(c); ++k) {
          const double value = static_cast<double>(image[k * lrn.spatial + i]);
          squares += value * value;
        }
        const double x = static_cast<double>(image[c * lrn.spatial + i]);
        y[i] = static_cast<T>(x / std::pow(lrn.bias + factor * squares, lrn.beta));
      }
    });
  };
  return kernel;
}

Kernel prepare_lrn(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  return prepare_in_plain(context, prepare_plain<float>);
}

}  // namespace

void lrn(OpTable& table) {
  OpDef def;
  def.name = "LRN";
  def.infer = infer_lrn;
  def.prepare = prepare_lrn;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
