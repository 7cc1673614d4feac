// Softmax, LogSoftmax, Hardmax along `axis`; with flatten=1 (opset < 13) along all axes from `axis`
// on, as one.
#include "simd/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

enum class SoftmaxKind { Softmax, Log, Hard };

SoftmaxKind kind_of(const Node& node) {
  if (node.op_type == "Softmax") return SoftmaxKind::Softmax;
  return node.op_type == "LogSoftmax" ? SoftmaxKind::Log : SoftmaxKind::Hard;
}

// X as [outer, n, inner], the function working along n.
struct Slices {
  std::int64_t outer = 1, n = 1, inner = 1;
};

void infer_softmax(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  const std::int64_t rank = context.rank(0), axis = context.node.int_or("axis", -1);
  // Flattened at the rank itself, every element is a row of its own.
  const bool at_end = context.node.int_or("flatten", 0) != 0 && axis == rank;
  if (!at_end) context.axis(axis, std::max<std::int64_t>(rank, 1));  // a scalar counts as [1]
  context.set_output(0, type, context.input(0).dims);
}

Slices slices_of(const Node& node, const Shape& dims) {
  const auto rank = static_cast<std::int64_t>(dims.size());
  if (rank == 0) return {};
  std::int64_t axis = node.int_or("axis", -1);
  if (axis < 0) axis += rank;
  const auto at = static_cast<std::size_t>(axis);
  if (node.int_or("flatten", 0) != 0)
    return {product(dims, 0, at), product(dims, at, dims.size()), 1};
  return {product(dims, 0, at), dims[at], product(dims, at + 1, dims.size())};
}

// One slice of n values, `step` apart. exp is taken of differences to the largest value, so that
// nothing overflows and the sum is at least 1.
template <typename T>
void softmax_slice(SoftmaxKind kind, const T* x, T* y, std::int64_t n, std::int64_t step) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < n; ++i)
    if (x[i * step] > x[best * step]) best = i;
  if (kind == SoftmaxKind::Hard) {
    for (std::int64_t i = 0; i < n; ++i) y[i * step] = i == best ? T(1) : T(0);
    return;
  }
  const T largest = x[best * step];
  T sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += std::exp(x[i * step] - largest);
  const T log_sum = std::log(sum);
  for (std::int64_t i = 0; i < n; ++i) {
    const T shifted = x[i * step] - largest;
    y[i * step] = kind == SoftmaxKind::Log ? shifted - log_sum : std::exp(shifted) / sum;
  }
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const SoftmaxKind kind = kind_of(context.node);
  const Slices slices = slices_of(context.node, context.inputs[0].dims);
  Kernel kernel;
  kernel.name = "softmax plain";
  kernel.run = [kind, slices](RunContext& run) {
    const T* x = run.in<T>(0);
    T* y = run.out<T>(0);
    if (slices.n == 0) return;
    run.parallel.chunks(slices.outer, [&](std::int64_t outer, int) {
      for (std::int64_t i = 0; i < slices.inner; ++i) {
        const std::int64_t at = outer * slices.n * slices.inner + i;
        softmax_slice(kind, x + at, y + at, slices.n, slices.inner);
      }
    });
  };
  return kernel;
}

// Rows of a few KiB, or strips of columns, at a time.
Kernel prepare_float(const PrepareContext& context) {
  const bool log = kind_of(context.node) == SoftmaxKind::Log;
  const Slices slices = slices_of(context.node, context.inputs[0].dims);
  const simd::SoftmaxKernels& kernels = *context.kernels.softmax;
  constexpr std::int64_t kGrain = 4096, kStrip = 64;
  const std::int64_t strips = (slices.inner + kStrip - 1) / kStrip;
  const std::int64_t work = std::max<std::int64_t>(1, slices.n * std::min(slices.inner, kStrip));
  Kernel kernel;
  kernel.name = "softmax";
  kernel.run = [=, &kernels](RunContext& run) {
    const float* x = run.in<float>(0);
    float* y = run.out<float>(0);
    if (slices.n == 0) return;
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / work);
    run.parallel.ranges(slices.outer * strips, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t first = i % strips * kStrip;
        const std::int64_t at = i / strips * slices.n * slices.inner + first;
        const std::int64_t n = std::min(kStrip, slices.inner - first);
        slices.inner == 1 ? kernels.row(x + at, y + at, slices.n, log)
                          : kernels.columns(x + at, y + at, slices.n, slices.inner, n, log);
      }
    });
  };
  return kernel;
}

Kernel prepare_softmax(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  if (kind_of(context.node) == SoftmaxKind::Hard) return prepare_plain<float>(context);
  return prepare_float(context);
}

}  // namespace

void softmax(OpTable& table) {
  for (const char* name : {"Softmax", "LogSoftmax", "Hardmax"}) {
    OpDef def;
    def.name = name;
    def.infer = infer_softmax;
    def.prepare = prepare_softmax;
    def.half_through_float = true;
    def.in_place = true;
    table.add(def);
  }
}

}  // namespace keel::ops
