// NonZero: the coordinates [rank, count] of the elements that are not zero, in row-major order.
#include <cstring>

#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

// The bits that decide whether an element is zero: all but the sign of floating-point numbers. 0:
// not a type of numbers.
std::uint64_t deciding_bits(DataType type) {
  switch (type) {
    case DataType::Bool:
    case DataType::Int8:
    case DataType::Uint8:
      return 0xff;
    case DataType::Int16:
    case DataType::Uint16:
      return 0xffff;
    case DataType::Int32:
    case DataType::Uint32:
      return 0xffffffff;
    case DataType::Int64:
    case DataType::Uint64:
      return ~std::uint64_t{0};
    case DataType::Float16:
    case DataType::BFloat16:
      return 0x7fff;
    case DataType::Float:
      return 0x7fffffff;
    case DataType::Double:
      return ~std::uint64_t{0} >> 1;
    default:
      return 0;
  }
}

void infer(InferContext& context) {
  if (deciding_bits(context.type(0)) == 0)
    context.node.fail(ErrorCode::Unsupported,
                      str("input 0: type ", data_type_name(context.type(0)), " is not supported"));
  context.set_output(0, DataType::Int64, {context.rank(0), kUnknownDim});
}

// visit(i) for every element that is not zero. Little-endian, as are all targets.
template <typename Visit>
void each_nonzero(const TensorRef& x, const Visit& visit) {
  const std::size_t size = element_size(x.type);
  const std::uint64_t mask = deciding_bits(x.type);
  const std::int64_t count = x.size();
  const auto* at = x.as<std::byte>();
  for (std::int64_t i = 0; i < count; ++i, at += size) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, at, size);
    if ((bits & mask) != 0) visit(i);
  }
}

void run(RunContext& context) {
  const TensorRef& x = context.input(0);
  std::int64_t count = 0;
  each_nonzero(x, [&](std::int64_t) { ++count; });
  const auto rank = static_cast<std::int64_t>(x.dims.size());
  context.allocate_output(0, {rank, count});
  auto* y = context.out<std::int64_t>(0);
  std::int64_t found = 0;
  each_nonzero(x, [&](std::int64_t i) {
    for (std::int64_t k = rank; k-- > 0;) {
      const std::int64_t dim = x.dims[static_cast<std::size_t>(k)];
      y[k * count + found] = i % dim;
      i /= dim;
    }
    ++found;
  });
}

Kernel prepare(const PrepareContext&) {
  Kernel kernel;
  kernel.name = "non zero";
  kernel.run = run;
  return kernel;
}

}  // namespace

void non_zero(OpTable& table) {
  OpDef def;
  def.name = "NonZero";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
