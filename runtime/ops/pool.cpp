// MaxPool, AveragePool, LpPool: windows over the spatial axes of X [N, C, spatial].
#include <algorithm>

#include "runtime/float_pool.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

void infer_pool(InferContext& context) {
  if (context.node.op_type == "MaxPool")
    context.expect_type(0, {DataType::Float, DataType::Double, DataType::Float16,
                            DataType::BFloat16, DataType::Int8, DataType::Uint8});
  else
    expect_floating(context, 0);
  context.expect_rank(0, 3, kRankLimit);
  const Shape& x = context.input(0).dims;
  const PlainPool pool = pool_of(context.node, x);
  Shape y = {x[0], x[1]};
  y.insert(y.end(), pool.out.begin(), pool.out.end());
  context.set_output(1, DataType::Int64, y);
  context.set_output(0, context.type(0), std::move(y));
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const Shape& x = context.inputs[0].dims;
  PlainPool pool = pool_of(context.node, x);
  resolve_pads(pool.window, pool.in);
  pool.planes = checked_mul(x[0], x[1]);
  Kernel kernel;
  kernel.name = "pool plain";
  kernel.run = [pool](RunContext& run) {
    run_plain_pool(pool, run.in<T>(0), run.out<T>(0),
                   run.has_output(1) ? run.out<std::int64_t>(1) : nullptr, run.parallel);
  };
  return kernel;
}

// Max and average over at most two axes, without Indices: what simd/pool.h does.
bool has_kernel(const Node& node, std::size_t rank) {
  return node.op_type != "LpPool" && !node.has_output(1) && rank <= 4;
}

Kernel prepare_blocked(const PrepareContext& context) {
  const Shape& x = context.inputs[0].dims;
  PlainPool pool = pool_of(context.node, x);
  resolve_pads(pool.window, pool.in);
  const simd::PoolShape shape = pool_shape(pool);
  const std::int64_t blocks = (x[1] + kBlock - 1) / kBlock, planes = x[0] * blocks;
  const auto run_rows =
      pool.kind == PoolKind::Max ? context.kernels.pool->max : context.kernels.pool->average;
  const auto run_rows_after = context.kernels.pool->average_after;
  Kernel kernel;
  kernel.name = context.node.prologue.empty() ? "pool" : "batch norm, pool";
  kernel.run = [=](RunContext& run) {
    const std::int64_t in_plane = shape.in[0] * shape.in[1] * kBlock;
    const std::int64_t out_plane = shape.out[0] * shape.out[1] * kBlock;
    // A range of about 4096 loads, in whole rows.
    const std::int64_t row = shape.out[1] * shape.kernel[0] * shape.kernel[1];
    const std::int64_t grain = std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, row));
    run.parallel.ranges(planes * shape.out[0], grain, [&](std::int64_t begin, std::int64_t end) {
      while (begin < end) {
        const std::int64_t plane = begin / shape.out[0], first = begin % shape.out[0];
        const std::int64_t rows = std::min(end - begin, shape.out[0] - first);
        const float* from = run.in<float>(0) + plane * in_plane;
        float* to = run.out<float>(0) + plane * out_plane;
        if (run.node.prologue.empty())
          run_rows(shape, from, to, first, first + rows);
        else
          run_rows_after(shape, prologue_of(run, plane % blocks), from, to, first, first + rows);
        begin += rows;
      }
    });
  };
  return kernel;
}

LayoutChoice layout_pool(const LayoutQuery& query) {
  const TensorType& x = query.inputs[0];
  const bool wanted = (query.blocked_inputs & 1u) || !query.node.prologue.empty();
  const bool blocked = wanted && can_block(x) && has_kernel(query.node, x.dims.size());
  return blocked ? LayoutChoice{1, 1} : LayoutChoice{};
}

// Where each input position is read once.
bool takes_prologue(const LayoutQuery& query) {
  const TensorType& x = query.inputs[0];
  if (query.node.op_type != "AveragePool" || !can_block(x)) return false;
  if (!has_kernel(query.node, x.dims.size())) return false;
  const Window window = window_of(query.node, kernel_shape_of(query.node));
  for (std::size_t i = 0; i < window.rank(); ++i)
    if (window.kernel[i] > window.strides[i]) return false;
  return true;
}

Kernel prepare_pool(const PrepareContext& context) {
  if (context.inputs[0].layout == Layout::Blocked16 &&
      context.outputs[0].layout == Layout::Blocked16 &&
      has_kernel(context.node, context.inputs[0].dims.size()))
    return prepare_blocked(context);
  switch (context.inputs[0].type) {
    case DataType::Double:
      return prepare_plain<double>(context);
    case DataType::Int8:
      return prepare_plain<std::int8_t>(context);
    case DataType::Uint8:
      return prepare_plain<std::uint8_t>(context);
    default:
      return prepare_in_plain(context, prepare_plain<float>);
  }
}

}  // namespace

void pool(OpTable& table) {
  for (const char* name : {"MaxPool", "AveragePool", "LpPool"}) {
    OpDef def;
    def.name = name;
    def.infer = infer_pool;
    def.prepare = prepare_pool;
    def.layout = layout_pool;
    def.takes_prologue = takes_prologue;
    def.half_through_float = true;
    table.add(def);
  }
}

}  // namespace keel::ops
