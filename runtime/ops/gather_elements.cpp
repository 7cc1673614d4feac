// GatherElements: y[i] = x[i with i_axis replaced by indices[i]].
#include "runtime/element_walk.h"
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  const std::int64_t axis = check_element_indices(context);
  const Shape& indices = context.input(1).dims;
  check_known_indices(context, 1, axis, context.dim(0, axis));
  context.set_output(0, context.type(0), indices);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  const ElementWalk walk(context.node, x.dims, y.dims);
  const RunCopy copy(x.type, 1);
  Kernel kernel;
  kernel.name = "gather elements";
  kernel.run = [walk, copy](RunContext& context) {
    const Indices indices(context.input(1));
    const auto* from = context.in<std::byte>(0);
    auto* to = context.out<std::byte>(0);
    const std::int64_t size = copy.bytes();
    context.parallel.ranges(walk.count(), 8 << 10, [&](std::int64_t begin, std::int64_t end) {
      walk.run(context.node, indices, begin, end,
               [&](std::int64_t i, std::int64_t at) { copy(to + i * size, from + at * size); });
    });
  };
  return kernel;
}

}  // namespace

void gather_elements(OpTable& table) {
  OpDef def;
  def.name = "GatherElements";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
