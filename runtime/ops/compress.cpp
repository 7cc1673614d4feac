// Compress: the slices along `axis` (or, without it, the elements) whose condition is true.
#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_type(1, {DataType::Bool});
  context.expect_rank(1, 1, 1);
  Shape dims = {kUnknownDim};
  if (context.node.has("axis")) {
    const std::int64_t axis = context.axis(context.node.int_or("axis", 0), context.rank(0));
    dims = context.input(0).dims;
    dims[static_cast<std::size_t>(axis)] = kUnknownDim;
  }
  context.set_output(0, context.type(0), std::move(dims));
}

std::vector<std::int64_t> chosen(const Node& node, const TensorRef& condition, std::int64_t size) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < condition.dims[0]; ++i) {
    if (condition.as<std::uint8_t>()[i] == 0) continue;
    if (i >= size)
      node.fail(ErrorCode::BadInput, str("condition: true at ", i, ", beyond the size of ", size));
    result.push_back(i);
  }
  return result;
}

void run(RunContext& context) {
  const TensorRef& x = context.input(0);
  Shape dims = {x.size()};
  std::size_t at = 0;
  if (context.node.has("axis")) {
    const std::int64_t axis = context.node.int_or("axis", 0);
    at =
        static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(x.dims.size()) : axis);
    dims = x.dims;
  }
  const std::int64_t size = dims[at], outer = product(dims, 0, at);
  const std::vector<std::int64_t> kept = chosen(context.node, context.input(1), size);
  dims[at] = static_cast<std::int64_t>(kept.size());
  context.allocate_output(0, dims);
  const RunCopy copy(x.type, product(dims, at + 1, dims.size()));
  if (copy.bytes() == 0) return;
  auto* to = context.out<std::byte>(0);
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i : kept) {
      copy(to, x.as<std::byte>() + (o * size + i) * copy.bytes());
      to += copy.bytes();
    }
}

Kernel prepare(const PrepareContext&) {
  Kernel kernel;
  kernel.name = "compress";
  kernel.run = run;
  return kernel;
}

}  // namespace

void compress(OpTable& table) {
  OpDef def;
  def.name = "Compress";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
