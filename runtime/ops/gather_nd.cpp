// GatherND: y[i..., slice] = x[batch, indices[i..., :], slice].
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/index_tuples.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_type(1, {DataType::Int64, DataType::Int32});
  const Node& node = context.node;
  const Shape &data = context.input(0).dims, &indices = context.input(1).dims;
  const std::int64_t batch = node.int_or("batch_dims", 0);
  context.expect_rank(0, 1, kRankLimit);
  context.expect_rank(1, 1, kRankLimit);
  if (batch < 0 || batch >= std::min(context.rank(0), context.rank(1)))
    node.fail_attribute("batch_dims",
                        str("expected a value in [0, ",
                            std::min(context.rank(0), context.rank(1)) - 1, "], got ", batch));
  for (std::int64_t k = 0; k < batch; ++k)
    if (dims_clash(context.dim(0, k), context.dim(1, k)))
      node.fail(ErrorCode::BadInput, str("indices: batch axis ", k, ": expected size ",
                                         context.dim(0, k), ", got ", context.dim(1, k)));
  const Dim length = indices.back();
  if (length < 0) return context.set_unranked(0, context.type(0));
  if (length > context.rank(0) - batch)
    node.fail(ErrorCode::BadInput, str("indices: ", length, " coordinates for ",
                                       context.rank(0) - batch, " axes of the data"));
  Shape dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + batch + length, data.end());
  context.set_output(0, context.type(0), std::move(dims));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const IndexTuples tuples(x.dims, context.inputs[1].dims, context.node.int_or("batch_dims", 0));
  const RunCopy copy(x.type, tuples.slice());
  Kernel kernel;
  kernel.name = "gather nd";
  kernel.run = [tuples, copy](RunContext& context) {
    const Indices indices(context.input(1));
    const auto* from = context.in<std::byte>(0);
    auto* to = context.out<std::byte>(0);
    const std::int64_t bytes = copy.bytes(),
                       element = bytes / std::max<std::int64_t>(tuples.slice(), 1);
    const std::int64_t grain = std::max<std::int64_t>((64 << 10) / (bytes + 8), 1);
    context.parallel.ranges(tuples.count(), grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const std::int64_t at = tuples.place(context.node, indices, t);
        if (bytes > 0) copy(to + t * bytes, from + at * element);
      }
    });
  };
  return kernel;
}

}  // namespace

void gather_nd(OpTable& table) {
  OpDef def;
  def.name = "GatherND";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
