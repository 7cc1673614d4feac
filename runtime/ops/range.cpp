// Range: start, start + delta, ... up to but not including limit.
#include <cmath>

#include "runtime/error.h"
#include "runtime/half.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

[[noreturn]] void fail(const Node& node, const std::string& what) {
  node.fail(ErrorCode::BadInput, what);
}

template <typename T>
std::int64_t length(const Node& node, T start, T limit, T delta) {
  if (delta == 0) fail(node, "delta must not be 0");
  if constexpr (std::is_integral_v<T>) {
    const __int128 distance = static_cast<__int128>(limit) - start, step = delta;
    if ((distance > 0) != (step > 0) || distance == 0) return 0;
    const __int128 count = 1 + (distance - (step > 0 ? 1 : -1)) / step;
    if (count > INT64_MAX) node.fail(ErrorCode::ResourceLimit, "the range is too long");
    return static_cast<std::int64_t>(count);
  } else {
    const double count =
        std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / delta);
    if (!std::isfinite(static_cast<double>(start)) || !std::isfinite(static_cast<double>(delta)) ||
        !std::isfinite(count))
      fail(node, str("expected finite values, got ", start, ", ", limit, ", ", delta));
    if (count >= 9.0e18) node.fail(ErrorCode::ResourceLimit, "the range is too long");
    return count > 0 ? static_cast<std::int64_t>(count) : 0;
  }
}

template <typename T>
std::int64_t known_length(const InferContext& context) {
  return length(context.node, *context.value(0)->data_as<T>(), *context.value(1)->data_as<T>(),
                *context.value(2)->data_as<T>());
}

std::int64_t known_half_length(const InferContext& context) {
  float values[3];
  for (std::size_t i = 0; i < 3; ++i)
    widen(context.type(i), context.value(i)->data(), values + i, 1);
  return length(context.node, values[0], values[1], values[2]);
}

std::int64_t known_length(const InferContext& context) {
  switch (context.type(0)) {
    case DataType::Float16:
    case DataType::BFloat16:
      return known_half_length(context);
    case DataType::Float:
      return known_length<float>(context);
    case DataType::Double:
      return known_length<double>(context);
    case DataType::Int16:
      return known_length<std::int16_t>(context);
    case DataType::Int32:
      return known_length<std::int32_t>(context);
    default:
      return known_length<std::int64_t>(context);
  }
}

void infer(InferContext& context) {
  bool known = true;
  for (std::size_t i = 0; i < 3; ++i) {
    context.expect_type(i, {DataType::Float, DataType::Double, DataType::Int16, DataType::Int32,
                            DataType::Int64, DataType::Float16, DataType::BFloat16});
    if (context.type(i) != context.type(0))
      fail(context.node, str("input ", i, ": expected type ", data_type_name(context.type(0)),
                             ", got ", data_type_name(context.type(i))));
    if (context.input(i).is_static() && element_count(context.input(i).dims) != 1)
      fail(context.node, str("input ", i, ": expected a scalar"));
    known = known && context.value(i) != nullptr;
  }
  context.set_output(0, context.type(0), {known ? known_length(context) : kUnknownDim});
}

// Integers wrap on the way to a value that fits; float is computed in double.
template <typename T>
T element(T start, T delta, std::int64_t i) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::uint64_t>(start) +
                          static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(delta));
  else
    return static_cast<T>(start + static_cast<double>(i) * delta);
}

template <typename T>
void run(RunContext& context) {
  const T start = *context.in<T>(0), delta = *context.in<T>(2);
  T* y = context.out<T>(0);
  const std::int64_t count = context.output(0).dims[0];
  context.parallel.ranges(count, 16 << 10, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = element(start, delta, i);
  });
}

Kernel prepare(const PrepareContext& context) {
  Kernel kernel;
  kernel.name = "range";
  switch (context.inputs[0].type) {
    case DataType::Float:
      kernel.run = run<float>;
      break;
    case DataType::Double:
      kernel.run = run<double>;
      break;
    case DataType::Int16:
      kernel.run = run<std::int16_t>;
      break;
    case DataType::Int32:
      kernel.run = run<std::int32_t>;
      break;
    default:
      kernel.run = run<std::int64_t>;
  }
  return kernel;
}

}  // namespace

void range(OpTable& table) {
  OpDef def;
  def.name = "Range";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
