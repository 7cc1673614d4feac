// OneHot: y[.., d, ..] = values[d == indices[.., ..]] with a new axis of size depth; an index
// outside
// [-depth, depth) makes the whole row `off`.
#include <cmath>

#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

constexpr std::int64_t kNever = INT64_MIN;

template <typename T>
std::int64_t integer(const void* data, std::int64_t i) {
  const T value = static_cast<const T*>(data)[i];
  if constexpr (std::is_floating_point_v<T>)
    return std::abs(value) < T(9e18) ? static_cast<std::int64_t>(value) : kNever;  // NaN: never
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return value > INT64_MAX ? kNever : static_cast<std::int64_t>(value);
  else
    return value;
}

using Reader = std::int64_t (*)(const void* data, std::int64_t i);

Reader reader_of(DataType type) {
  switch (type) {
    case DataType::Float:
      return integer<float>;
    case DataType::Double:
      return integer<double>;
    case DataType::Int8:
      return integer<std::int8_t>;
    case DataType::Uint8:
      return integer<std::uint8_t>;
    case DataType::Int16:
      return integer<std::int16_t>;
    case DataType::Uint16:
      return integer<std::uint16_t>;
    case DataType::Int32:
      return integer<std::int32_t>;
    case DataType::Uint32:
      return integer<std::uint32_t>;
    case DataType::Int64:
      return integer<std::int64_t>;
    case DataType::Uint64:
      return integer<std::uint64_t>;
    default:
      return nullptr;
  }
}

void infer(InferContext& context) {
  const Node& node = context.node;
  expect_whole_bytes(context, 2);
  for (std::size_t i = 0; i < 2; ++i)
    if (reader_of(context.type(i)) == nullptr)
      node.fail(ErrorCode::Unsupported,
                str("input ", i, ": type ", data_type_name(context.type(i)), " is not supported"));
  if (context.input(1).is_static() && element_count(context.input(1).dims) != 1)
    node.fail(ErrorCode::BadInput, "depth: expected one element");
  context.expect_rank(2, 1, 1);
  if (context.dim(2, 0) >= 0 && context.dim(2, 0) != 2)
    node.fail(ErrorCode::BadInput,
              str("values: expected 2 elements, off and on, got ", context.dim(2, 0)));
  Dim depth = kUnknownDim;
  if (const Tensor* value = context.value(1)) {
    depth = reader_of(value->type())(value->data(), 0);
    if (depth < 1) node.fail(ErrorCode::BadInput, str("depth: expected at least 1, got ", depth));
  }
  const std::int64_t axis = context.axis(node.int_or("axis", -1), context.rank(0) + 1);
  Shape dims = context.input(0).dims;
  dims.insert(dims.begin() + axis, depth);
  context.set_output(0, context.type(2), std::move(dims));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& y = context.outputs[0];
  std::int64_t axis = context.node.int_or("axis", -1);
  if (axis < 0) axis += static_cast<std::int64_t>(y.dims.size());
  const auto at = static_cast<std::size_t>(axis);
  const std::int64_t depth = y.dims[at], inner = product(y.dims, at + 1, y.dims.size());
  const std::int64_t count = context.inputs[0].size();
  const Reader read = reader_of(context.inputs[0].type);
  const RunCopy copy(y.type, 1);
  const StridedCopy fill(y.type, y.dims, strides_of(y.dims), Shape(y.dims.size(), 0));
  Kernel kernel;
  kernel.name = "one hot";
  kernel.run = [=](RunContext& context) {
    auto* to = context.out<std::byte>(0);
    const auto* values = context.in<std::byte>(2);
    fill.run(context.parallel, to, values);
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t index = read(context.input(0).data, i);
      if (index < 0 && index >= -depth) index += depth;
      if (index < 0 || index >= depth) continue;
      const std::int64_t place = (i / inner * depth + index) * inner + i % inner;
      copy(to + place * copy.bytes(), values + copy.bytes());
    }
  };
  return kernel;
}

}  // namespace

void one_hot(OpTable& table) {
  OpDef def;
  def.name = "OneHot";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
