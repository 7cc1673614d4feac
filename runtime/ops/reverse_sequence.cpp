// ReverseSequence: the first sequence_lens[b] steps of every sequence b in reverse order.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

// One of the first two axes is time, the other the batch.
bool time_is_first(const Node& node) {
  const std::int64_t batch = node.int_or("batch_axis", 1), time = node.int_or("time_axis", 0);
  if (time != 0 && time != 1) node.fail_attribute("time_axis", str("expected 0 or 1, got ", time));
  if (batch != 1 - time)
    node.fail_attribute("batch_axis", str("expected ", 1 - time, ", got ", batch));
  return time == 0;
}

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_rank(0, 2, kRankLimit);
  context.expect_type(1, {DataType::Int64});
  context.expect_rank(1, 1, 1);
  const Dim batch = context.dim(0, time_is_first(context.node) ? 1 : 0);
  if (dims_clash(batch, context.dim(1, 0)))
    context.node.fail(ErrorCode::BadInput,
                      str("sequence_lens: expected ", batch, " values, got ", context.dim(1, 0)));
  context.set_output(0, context.type(0), context.input(0).dims);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const bool time_first = time_is_first(context.node);
  const std::int64_t times = x.dims[time_first ? 0 : 1], batches = x.dims[time_first ? 1 : 0];
  const RunCopy copy(x.type, product(x.dims, 2, x.dims.size()));
  Kernel kernel;
  kernel.name = "reverse sequence";
  kernel.run = [=](RunContext& context) {
    const auto* from = context.in<std::byte>(0);
    auto* to = context.out<std::byte>(0);
    const std::int64_t bytes = copy.bytes();
    const std::int64_t per_time = bytes * (time_first ? batches : 1);
    const std::int64_t per_batch = bytes * (time_first ? 1 : times);
    for (std::int64_t b = 0; b < batches; ++b) {
      const std::int64_t length = context.in<std::int64_t>(1)[b];
      if (length < 0 || length > times)
        context.node.fail(ErrorCode::BadInput,
                          str("sequence_lens: expected 0 to ", times, ", got ", length));
      for (std::int64_t t = 0; t < times && bytes > 0; ++t) {
        const std::int64_t source = t < length ? length - 1 - t : t;
        copy(to + b * per_batch + t * per_time, from + b * per_batch + source * per_time);
      }
    }
  };
  return kernel;
}

}  // namespace

void reverse_sequence(OpTable& table) {
  OpDef def;
  def.name = "ReverseSequence";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
