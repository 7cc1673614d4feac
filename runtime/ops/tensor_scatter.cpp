// TensorScatter: y = past_cache, then y[b, .., write_indices[b] + s, ..] = update[b, .., s, ..]
// with the sequence along `axis`; mode circular wraps around its end.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

bool is_circular(const Node& node) {
  const std::string mode = node.string_or("mode", "linear");
  if (mode != "linear" && mode != "circular")
    node.fail_attribute("mode", "expected linear or circular, got '" + printable(mode) + "'");
  return mode == "circular";
}

void infer(InferContext& context) {
  const Node& node = context.node;
  expect_whole_bytes(context, 0);
  context.expect_rank(0, 2, kRankLimit);
  context.expect_rank(1, context.rank(0), context.rank(0));
  is_circular(node);
  const std::int64_t axis = context.axis(node.int_or("axis", -2), context.rank(0));
  if (axis == 0) node.fail_attribute("axis", "the batch cannot be the sequence");
  if (context.type(1) != context.type(0))
    node.fail(ErrorCode::BadInput, str("update: expected type ", data_type_name(context.type(0)),
                                       ", got ", data_type_name(context.type(1))));
  for (std::int64_t k = 0; k < context.rank(0); ++k) {
    const Dim cache = context.dim(0, k), update = context.dim(1, k);
    if (k == axis ? cache >= 0 && update > cache : dims_clash(cache, update))
      node.fail(ErrorCode::BadInput,
                str("update: axis ", k, ": ", update, " does not fit into ", cache));
  }
  if (context.has_input(2)) {
    context.expect_type(2, {DataType::Int64});
    context.expect_rank(2, 1, 1);
    if (dims_clash(context.dim(2, 0), context.dim(0, 0)))
      node.fail(ErrorCode::BadInput, str("write_indices: expected ", context.dim(0, 0),
                                         " values, got ", context.dim(2, 0)));
  }
  context.set_output(0, context.type(0), context.input(0).dims);
}

Kernel prepare(const PrepareContext& context) {
  const Shape &cache = context.inputs[0].dims, &update = context.inputs[1].dims;
  std::int64_t axis = context.node.int_or("axis", -2);
  if (axis < 0) axis += static_cast<std::int64_t>(cache.size());
  const auto at = static_cast<std::size_t>(axis);
  const bool circular = is_circular(context.node);
  const std::int64_t most = cache[at], length = update[at], batch = cache[0];
  const std::int64_t middle = product(cache, 1, at);
  const RunCopy copy(context.inputs[0].type, product(cache, at + 1, cache.size()));
  const Shape strides = strides_of(cache);
  const StridedCopy copy_all(context.inputs[0].type, cache, strides, strides);
  Kernel kernel;
  kernel.name = "tensor scatter";
  kernel.run = [=](RunContext& context) {
    auto* to = context.out<std::byte>(0);
    const auto* from = context.in<std::byte>(1);
    copy_all.run(context.parallel, to, context.in<std::byte>(0));
    const std::int64_t bytes = copy.bytes();
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::int64_t begin = context.has_input(2) ? context.in<std::int64_t>(2)[b] : 0;
      if (begin < 0 || (!circular && begin > most - length))
        context.node.fail(ErrorCode::BadInput, str("write_indices: ", length, " steps from ", begin,
                                                   " on do not fit into ", most));
      for (std::int64_t m = b * middle; m < (b + 1) * middle; ++m)
        for (std::int64_t s = 0; s < length && bytes > 0; ++s)
          copy(to + (m * most + (begin % most + s) % most) * bytes,
               from + (m * length + s) * bytes);
    }
  };
  return kernel;
}

}  // namespace

void tensor_scatter(OpTable& table) {
  OpDef def;
  def.name = "TensorScatter";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
