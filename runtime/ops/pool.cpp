// MaxPool, AveragePool, LpPool: windows over the spatial axes of X [N, C, spatial].
#include "simd/pool.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/pool_plain.h"
#include "runtime/reorder.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

PoolKind kind_of(const Node& node) {
  if (node.op_type == "MaxPool") return PoolKind::Max;
  return node.op_type == "AveragePool" ? PoolKind::Average : PoolKind::Lp;
}

// Padding as wide as the window would make windows of nothing but padding.
void expect_narrow_pads(const Node& node, const Window& window) {
  for (std::size_t i = 0; i < window.pads.size(); ++i)
    if (window.pads[i] >= window.extent(i % window.rank()))
      node.fail_attribute("pads", str("expected less than the window's extent of ",
                                      window.extent(i % window.rank()), ", got ", window.pads[i]));
}

PlainPool pool_of(const Node& node, const Shape& x) {
  PlainPool pool;
  pool.kind = kind_of(node);
  const Shape kernel = kernel_shape_of(node);
  if (kernel.size() + 2 != x.size())
    node.fail_attribute("kernel_shape",
                        str("expected ", x.size() - 2, " values, got ", kernel.size()));
  pool.window = window_of(node, kernel);
  expect_narrow_pads(node, pool.window);
  pool.in = spatial_of(x);
  for (std::size_t i = 0; i < pool.in.size(); ++i)
    pool.out.push_back(window_count(node, pool.window, i, pool.in[i]));
  pool.count_include_pad = node.int_or("count_include_pad", 0) != 0;
  pool.column_major = int_attribute(node, "storage_order", 0, 0, 1) != 0;
  pool.p = int_attribute(node, "p", 2, 1, INT32_MAX);
  return pool;
}

void infer_pool(InferContext& context) {
  if (kind_of(context.node) == PoolKind::Max)
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
  return kind_of(node) != PoolKind::Lp && !node.has_output(1) && rank <= 4;
}

simd::PoolShape pool_shape(const PlainPool& pool) {
  simd::PoolShape shape{{1, 1}, {1, 1}, {1, 1}, {1, 1},
                        {1, 1}, {0, 0}, {0, 0}, pool.count_include_pad};
  const std::size_t rank = pool.in.size();
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t axis = 2 - rank + i;
    shape.in[axis] = pool.in[i];
    shape.out[axis] = pool.out[i];
    shape.kernel[axis] = pool.window.kernel[i];
    shape.stride[axis] = pool.window.strides[i];
    shape.dilation[axis] = pool.window.dilations[i];
    shape.pad_begin[axis] = pool.window.pads[i];
    shape.pad_end[axis] = pool.window.pads[rank + i];
  }
  return shape;
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
  if (kind_of(query.node) != PoolKind::Average || !can_block(x)) return false;
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
