// MaxPool, AveragePool, LpPool: windows over the spatial axes of X [N, C, spatial].
#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/pool_plain.h"
#include "runtime/reorder.h"

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

Kernel prepare_pool(const PrepareContext& context) {
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
    def.half_through_float = true;
    table.add(def);
  }
}

}  // namespace keel::ops
