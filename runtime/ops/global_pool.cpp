// GlobalAveragePool, GlobalMaxPool, GlobalLpPool: X [N, C, spatial] -> Y [N, C, 1, ...].
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"
#include "simd/kernel_table.h"
#include "simd/pool.h"

namespace keel::ops {
namespace {

enum class GlobalKind { Average, Max, Lp };

GlobalKind kind_of(const Node& node) {
  if (node.op_type == "GlobalAveragePool") return GlobalKind::Average;
  return node.op_type == "GlobalMaxPool" ? GlobalKind::Max : GlobalKind::Lp;
}

std::int64_t power_of(const Node& node) { return int_attribute(node, "p", 2, 1, INT32_MAX); }

void infer_global_pool(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  context.expect_rank(0, 3, kRankLimit);
  power_of(context.node);
  const Shape& x = context.input(0).dims;
  Shape y(x.size(), 1);
  y[0] = x[0];
  y[1] = x[1];
  context.set_output(0, type, std::move(y));
}

// One plane of n values; an empty one averages to NaN, as 0 / 0 does.
template <typename T>
T reduce_plane(GlobalKind kind, double p, const T* x, std::int64_t n) {
  if (kind == GlobalKind::Max) {
    T best = -std::numeric_limits<T>::infinity();
    for (std::int64_t i = 0; i < n; ++i)
      if (x[i] > best || x[i] != x[i]) best = x[i];
    return best;
  }
  double sum = 0;
  if (kind == GlobalKind::Average) {
    for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
    return static_cast<T>(sum / static_cast<double>(n));
  }
  for (std::int64_t i = 0; i < n; ++i) sum += std::pow(std::abs(static_cast<double>(x[i])), p);
  return static_cast<T>(std::pow(sum, 1 / p));
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const GlobalKind kind = kind_of(context.node);
  const double p = static_cast<double>(power_of(context.node));
  const Shape& dims = context.inputs[0].dims;
  const std::int64_t planes = checked_mul(dims[0], dims[1]);
  const std::int64_t spatial = product(dims, 2, dims.size());
  Kernel kernel;
  kernel.name = "global pool plain";
  kernel.run = [=](RunContext& run) {
    const T* x = run.in<T>(0);
    T* y = run.out<T>(0);
    run.parallel.chunks(planes, [&](std::int64_t plane, int) {
      y[plane] = reduce_plane(kind, p, x + plane * spatial, spatial);
    });
  };
  return kernel;
}

// NCHW16c with at most two spatial axes: each row to one value, then the rows to one, so that long
// sums stay accurate. The kernels are those of pools whose window is the whole input.
Kernel prepare_blocked(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  const std::int64_t width = dims.back(), height = dims.size() == 4 ? dims[2] : 1;
  const simd::PoolShape rows{{height, width}, {height, 1}, {1, width}, {1, 1},
                             {1, 1},          {0, 0},      {0, 0},     false};
  const simd::PoolShape columns{{height, 1}, {1, 1}, {height, 1}, {1, 1},
                                {1, 1},      {0, 0}, {0, 0},      false};
  const auto pool = kind_of(context.node) == GlobalKind::Max ? context.kernels.pool->max
                                                             : context.kernels.pool->average;
  const auto pool_after = context.kernels.pool->average_after;
  const std::int64_t blocks = (dims[1] + kBlock - 1) / kBlock, planes = dims[0] * blocks;
  Kernel kernel;
  kernel.name = context.node.prologue.empty() ? "global pool" : "batch norm, global pool";
  kernel.scratch_per_thread = static_cast<std::size_t>(height * kBlock) * sizeof(float);
  kernel.run = [=](RunContext& run) {
    run.parallel.chunks(planes, [&](std::int64_t plane, int thread) {
      auto* sums = reinterpret_cast<float*>(run.scratch(thread));
      const float* from = run.in<float>(0) + plane * height * width * kBlock;
      if (run.node.prologue.empty())
        pool(rows, from, sums, 0, height);
      else
        pool_after(rows, prologue_of(run, plane % blocks), from, sums, 0, height);
      pool(columns, sums, run.out<float>(0) + plane * kBlock, 0, 1);
    });
  };
  return kernel;
}

bool has_kernel(const Node& node, const Shape& dims) {
  return kind_of(node) != GlobalKind::Lp && (dims.size() == 3 || dims.size() == 4);
}

LayoutChoice layout_global_pool(const LayoutQuery& query) {
  const TensorType& x = query.inputs[0];
  const bool wanted = (query.blocked_inputs & 1u) || !query.node.prologue.empty();
  const bool blocked = wanted && can_block(x) && has_kernel(query.node, x.dims);
  return blocked ? LayoutChoice{1, 1} : LayoutChoice{};
}

bool takes_prologue(const LayoutQuery& query) {
  const TensorType& x = query.inputs[0];
  return kind_of(query.node) == GlobalKind::Average && can_block(x) &&
         has_kernel(query.node, x.dims);
}

Kernel prepare_global_pool(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  if (context.inputs[0].layout == Layout::Blocked16 &&
      context.outputs[0].layout == Layout::Blocked16 &&
      has_kernel(context.node, context.inputs[0].dims) && element_count(context.inputs[0].dims) > 0)
    return prepare_blocked(context);
  return prepare_in_plain(context, prepare_plain<float>);
}

}  // namespace

void global_pool(OpTable& table) {
  for (const char* name : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"}) {
    OpDef def;
    def.name = name;
    def.infer = infer_global_pool;
    def.prepare = prepare_global_pool;
    def.layout = layout_global_pool;
    def.takes_prologue = takes_prologue;
    def.half_through_float = true;
    table.add(def);
  }
}

}  // namespace keel::ops
