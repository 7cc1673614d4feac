// Trilu: the upper (j - i >= k) or lower (j - i <= k) triangle of every matrix, zeros elsewhere.
#include <algorithm>
#include <cstring>

#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_rank(0, 2, kRankLimit);
  if (context.type(0) == DataType::String)
    context.node.fail(ErrorCode::Unsupported, "input 0: type string is not supported");
  if (context.has_input(1)) {
    const Dim length = list_length(context, 1);
    if (length >= 0 && length != 1)
      context.node.fail(ErrorCode::BadInput, str("k: expected one element, got ", length));
  }
  context.set_output(0, context.type(0), context.input(0).dims);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const std::size_t rank = x.dims.size();
  const std::int64_t rows = x.dims[rank - 2], columns = x.dims[rank - 1];
  const std::int64_t count = product(x.dims, 0, rank - 1);
  const auto size = static_cast<std::int64_t>(element_size(x.type));
  const bool upper = context.node.int_or("upper", 1) != 0;
  Kernel kernel;
  kernel.name = "trilu";
  kernel.run = [=](RunContext& context) {
    if (columns == 0) return;
    const std::int64_t asked = context.has_input(1) ? Indices(context.input(1))[0] : 0;
    const std::int64_t k = std::clamp(asked, -rows - 1, columns + 1);
    const auto* from = context.in<std::byte>(0);
    auto* to = context.out<std::byte>(0);
    const std::int64_t row_bytes = columns * size;
    const std::int64_t grain = std::max<std::int64_t>((64 << 10) / row_bytes, 1);
    context.parallel.ranges(count, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t diagonal = row % rows + k;
        const std::int64_t low = upper ? std::clamp<std::int64_t>(diagonal, 0, columns) : 0;
        const std::int64_t high =
            upper ? columns : std::clamp<std::int64_t>(diagonal + 1, 0, columns);
        std::byte* y = to + row * row_bytes;
        std::memset(y, 0, static_cast<std::size_t>(low * size));
        std::memcpy(y + low * size, from + row * row_bytes + low * size,
                    static_cast<std::size_t>((high - low) * size));
        std::memset(y + high * size, 0, static_cast<std::size_t>((columns - high) * size));
      }
    });
  };
  return kernel;
}

}  // namespace

void trilu(OpTable& table) {
  OpDef def;
  def.name = "Trilu";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
