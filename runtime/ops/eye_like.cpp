// EyeLike: ones on the k-th diagonal of a matrix of the input's shape, zeros elsewhere.
#include <algorithm>
#include <cstring>
#include <optional>

#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

// The bits of 1; nullopt for types that are no numbers.
std::optional<std::uint64_t> one_of(DataType type) {
  switch (type) {
    case DataType::Float:
      return 0x3f800000;
    case DataType::Double:
      return 0x3ff0000000000000;
    case DataType::Float16:
      return 0x3c00;
    case DataType::BFloat16:
      return 0x3f80;
    case DataType::Bool:
    case DataType::Int8:
    case DataType::Uint8:
    case DataType::Int16:
    case DataType::Uint16:
    case DataType::Int32:
    case DataType::Uint32:
    case DataType::Int64:
    case DataType::Uint64:
      return 1;
    default:
      return std::nullopt;
  }
}

void infer(InferContext& context) {
  context.expect_rank(0, 2, 2);
  const std::int64_t asked =
      context.node.int_or("dtype", static_cast<std::int64_t>(context.type(0)));
  const auto type = static_cast<DataType>(
      std::clamp<std::int64_t>(asked, 0, static_cast<std::int64_t>(DataType::Float4E2M1) + 1));
  if (!one_of(type))
    context.node.fail(ErrorCode::Unsupported, str("dtype ", asked, " is not supported"));
  context.set_output(0, type, context.input(0).dims);
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& y = context.outputs[0];
  const std::int64_t rows = y.dims[0], columns = y.dims[1];
  const std::int64_t k = std::clamp(context.node.int_or("k", 0), -rows, columns);
  const std::uint64_t one = *one_of(y.type);
  const auto size = static_cast<std::int64_t>(element_size(y.type));
  Kernel kernel;
  kernel.name = "eye";
  kernel.run = [=](RunContext& context) {
    auto* to = context.out<std::byte>(0);
    if (rows * columns > 0) std::memset(to, 0, static_cast<std::size_t>(rows * columns * size));
    const std::int64_t end = std::min(rows, columns - k);
    for (std::int64_t i = std::max<std::int64_t>(0, -k); i < end; ++i)  // little-endian
      std::memcpy(to + (i * columns + i + k) * size, &one, static_cast<std::size_t>(size));
  };
  return kernel;
}

}  // namespace

void eye_like(OpTable& table) {
  OpDef def;
  def.name = "EyeLike";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
