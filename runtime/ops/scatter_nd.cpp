// ScatterND: y = x, then the slice y[indices[i..., :]] = updates[i...], or its sum, product,
// minimum or maximum with what is there.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/index_tuples.h"
#include "runtime/movement.h"
#include "runtime/scatter_reduction.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_type(1, {DataType::Int64, DataType::Int32});
  context.expect_rank(0, 1, kRankLimit);
  context.expect_rank(1, 1, kRankLimit);
  const Node& node = context.node;
  const Shape &data = context.input(0).dims, &indices = context.input(1).dims;
  if (context.type(2) != context.type(0))
    node.fail(ErrorCode::BadInput, str("updates: expected type ", data_type_name(context.type(0)),
                                       " as the data has, got ", data_type_name(context.type(2))));
  const Dim length = indices.back();
  if (length > context.rank(0))
    node.fail(ErrorCode::BadInput,
              str("indices: ", length, " coordinates for ", context.rank(0), " axes of the data"));
  if (length >= 0) {
    Shape expected(indices.begin(), indices.end() - 1);
    expected.insert(expected.end(), data.begin() + length, data.end());
    const Shape& got = context.input(2).dims;
    bool clash = got.size() != expected.size();
    for (std::size_t k = 0; !clash && k < got.size(); ++k) clash = dims_clash(got[k], expected[k]);
    if (clash)
      node.fail(ErrorCode::BadInput,
                "updates: expected shape " + to_string(expected) + ", got " + to_string(got));
  }
  context.set_output(0, context.type(0), data);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const Combine combine = scatter_reduction(context.node, x.type);
  const Shape strides = strides_of(x.dims);
  const StridedCopy copy_all(x.type, x.dims, strides, strides);
  const IndexTuples tuples(x.dims, context.inputs[1].dims, 0);
  const RunCopy copy(x.type, tuples.slice());
  Kernel kernel;
  kernel.name = "scatter nd";
  kernel.run = [=](RunContext& context) {
    const Indices indices(context.input(1));
    const auto* updates = context.in<std::byte>(2);
    auto* to = context.out<std::byte>(0);
    copy_all.run(context.parallel, to, context.in<std::byte>(0));
    // Serial: of several updates of one slice the last counts, and sums have one order.
    const std::int64_t bytes = copy.bytes();
    const std::int64_t element = bytes / std::max<std::int64_t>(tuples.slice(), 1);
    for (std::int64_t t = 0; t < tuples.count(); ++t) {
      const std::int64_t at = tuples.place(context.node, indices, t);
      if (bytes == 0) continue;
      if (combine != nullptr)
        combine(to + at * element, updates + t * bytes, tuples.slice());
      else
        copy(to + at * element, updates + t * bytes);
    }
  };
  return kernel;
}

}  // namespace

void scatter_nd(OpTable& table) {
  OpDef def;
  def.name = "ScatterND";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
