// Gather: y[outer, i, inner] = x[outer, indices[i], inner] with `axis` between outer and inner.
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_type(1, {DataType::Int64, DataType::Int32});
  const Shape &data = context.input(0).dims, &indices = context.input(1).dims;
  const std::int64_t axis = context.axis(context.node.int_or("axis", 0), context.rank(0));
  check_known_indices(context, 1, axis, data[static_cast<std::size_t>(axis)]);
  Shape dims(data.begin(), data.begin() + axis);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + axis + 1, data.end());
  context.set_output(0, context.type(0), std::move(dims));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  std::int64_t axis = context.node.int_or("axis", 0);
  if (axis < 0) axis += static_cast<std::int64_t>(x.dims.size());
  const auto at = static_cast<std::size_t>(axis);
  const std::int64_t outer = product(x.dims, 0, at), size = x.dims[at];
  const std::int64_t inner = product(x.dims, at + 1, x.dims.size());
  const std::int64_t count = context.inputs[1].size();
  const RunCopy copy(x.type, inner);
  Kernel kernel;
  kernel.name = "gather";
  kernel.run = [=](RunContext& context) {
    const Indices indices(context.input(1));
    const auto* from = context.in<std::byte>(0);
    auto* to = context.out<std::byte>(0);
    if (inner == 0) {  // nothing to copy, yet wrong indices are errors
      for (std::int64_t i = 0; i < count; ++i) wrap_index(context.node, indices[i], axis, size);
      return;
    }
    const std::int64_t grain = std::max<std::int64_t>((64 << 10) / copy.bytes(), 1);
    context.parallel.ranges(outer * count, grain, [&](std::int64_t begin, std::int64_t end) {
      std::int64_t i = begin % count;
      const std::byte* base = from + begin / count * size * copy.bytes();
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t index = wrap_index(context.node, indices[i], axis, size);
        copy(to + row * copy.bytes(), base + index * copy.bytes());
        if (++i < count) continue;
        i = 0;
        base += size * copy.bytes();
      }
    });
  };
  return kernel;
}

}  // namespace

void gather(OpTable& table) {
  OpDef def;
  def.name = "Gather";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
