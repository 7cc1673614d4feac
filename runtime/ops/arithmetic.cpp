// Add, Sub and Mul with numpy broadcasting. Integers wrap.
#include <type_traits>

#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

// Signed integers are computed as unsigned ones of the same size, whose wrapping is defined; 16-bit
// operands are widened first, lest they be promoted to int.
template <typename T>
using Wrapping = std::conditional_t<std::is_integral_v<T> && (sizeof(T) < 4), std::uint32_t, T>;

struct Plus {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  }
};
struct Minus {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct Times {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
};

template <typename Op>
BinaryFunction loop_for(DataType type) {
  switch (element_size(type)) {
    case 1:
      return binary_loop<Op, std::uint8_t, std::uint8_t>;
    case 2:
      return binary_loop<Op, std::uint16_t, std::uint16_t>;
    case 4:
      return binary_loop<Op, std::uint32_t, std::uint32_t>;
    default:
      return type == DataType::Double ? binary_loop<Op, double, double>
                                      : binary_loop<Op, std::uint64_t, std::uint64_t>;
  }
}

void infer_arithmetic(InferContext& context) { infer_binary(context, kNumericTypes); }

template <typename Op, simd::BinaryKind kKind>
Kernel prepare_arithmetic(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  if (type == DataType::Float) return float_binary_kernel(context, kKind);
  refuse_epilogue(context.node);
  return binary_kernel(context, loop_for<Op>(type));
}

OpDef def_of(std::string_view name, decltype(OpDef::prepare) prepare) {
  OpDef def;
  def.name = name;
  def.infer = infer_arithmetic;
  def.prepare = prepare;
  def.layout = broadcast_layout;
  def.in_place = true;
  def.epilogue = true;
  def.half_through_float = true;
  return def;
}

}  // namespace

void arithmetic(OpTable& table) {
  using simd::BinaryKind;
  table.add(def_of("Add", prepare_arithmetic<Plus, BinaryKind::Add>));
  table.add(def_of("Sub", prepare_arithmetic<Minus, BinaryKind::Sub>));
  table.add(def_of("Mul", prepare_arithmetic<Times, BinaryKind::Mul>));
}

}  // namespace keel::ops
