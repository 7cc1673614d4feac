#include "runtime/float_pool.h"

#include "runtime/error.h"
#include "runtime/infer_checks.h"

namespace keel {
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

}  // namespace

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

}  // namespace keel
