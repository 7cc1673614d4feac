// ScatterElements (once called Scatter): y = x, then y[i with i_axis replaced by indices[i]] =
// updates[i], or its sum, product, minimum or maximum with what is there.
#include "runtime/dims.h"
#include "runtime/element_walk.h"
#include "runtime/error.h"
#include "runtime/movement.h"
#include "runtime/scatter_reduction.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  const Node& node = context.node;
  const std::int64_t axis = check_element_indices(context);
  check_known_indices(context, 1, axis, context.dim(0, axis));
  if (context.type(2) != context.type(0))
    node.fail(ErrorCode::BadInput, str("updates: expected type ", data_type_name(context.type(0)),
                                       " as the data has, got ", data_type_name(context.type(2))));
  bool clash = context.rank(2) != context.rank(1);
  for (std::int64_t k = 0; !clash && k < context.rank(1); ++k)
    clash = dims_clash(context.dim(1, k), context.dim(2, k));
  if (clash)
    node.fail(ErrorCode::BadInput, "updates: expected shape " + to_string(context.input(1).dims) +
                                       " as the indices have, got " +
                                       to_string(context.input(2).dims));
  context.set_output(0, context.type(0), context.input(0).dims);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const Combine combine = scatter_reduction(context.node, x.type);
  const Shape strides = strides_of(x.dims);
  const StridedCopy copy_all(x.type, x.dims, strides, strides);
  const ElementWalk walk(context.node, x.dims, context.inputs[1].dims);
  const RunCopy copy(x.type, 1);
  Kernel kernel;
  kernel.name = "scatter elements";
  kernel.run = [=](RunContext& context) {
    const Indices indices(context.input(1));
    const auto* updates = context.in<std::byte>(2);
    auto* to = context.out<std::byte>(0);
    copy_all.run(context.parallel, to, context.in<std::byte>(0));
    // Serial: of several updates of one element the last counts, and sums have one order.
    const std::int64_t size = copy.bytes();
    walk.run(context.node, indices, 0, walk.count(), [&](std::int64_t i, std::int64_t at) {
      if (combine != nullptr)
        combine(to + at * size, updates + i * size, 1);
      else
        copy(to + at * size, updates + i * size);
    });
  };
  return kernel;
}

}  // namespace

void scatter_elements(OpTable& table) {
  OpDef def;
  def.name = "ScatterElements";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
  def.name = "Scatter";
  table.add(def);
}

}  // namespace keel::ops
