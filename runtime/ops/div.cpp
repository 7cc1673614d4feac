// Div and Mod with numpy broadcasting. Integer division truncates; by zero it is an error. The
// lowest integer divided by -1 is itself, with remainder 0.
#include <cmath>
#include <limits>
#include <type_traits>

#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

template <typename T>
bool is_minus_one(T x) {
  return std::is_signed_v<T> && x == static_cast<T>(-1);
}

// Of integers, b not zero.
struct Quotient {
  template <typename T>
  T operator()(T a, T b) const {
    if (is_minus_one(b)) return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(a));
    return static_cast<T>(a / b);
  }
};

// The remainder has the sign of a (C's %).
struct TruncatedRemainder {
  template <typename T>
  T operator()(T a, T b) const {
    return is_minus_one(b) ? T{0} : static_cast<T>(a % b);
  }
};

// The remainder has the sign of b (Python's %).
struct FlooredRemainder {
  template <typename T>
  T operator()(T a, T b) const {
    const T remainder = TruncatedRemainder{}(a, b);
    const bool opposite = remainder != 0 && (remainder < T{0}) != (b < T{0});
    return opposite ? static_cast<T>(remainder + b) : remainder;
  }
};

struct FloatQuotient {
  template <typename T>
  T operator()(T a, T b) const {
    return a / b;
  }
};

struct FloatRemainder {
  template <typename T>
  T operator()(T a, T b) const {
    return std::fmod(a, b);
  }
};

// binary_loop() behind a look at the divisors.
template <typename Op, typename T>
void division_loop(simd::Inner inner, const void* a, const void* b, void* y, std::int64_t n) {
  const T* const divisors = static_cast<const T*>(b);
  const std::int64_t count = inner == simd::Inner::VectorScalar && n > 0 ? 1 : n;
  bool zero = false;
  for (std::int64_t i = 0; i < count; ++i) zero |= divisors[i] == 0;
  if (zero) throw Error(ErrorCode::BadInput, "integer division by zero");
  binary_loop<Op, T, T>(inner, a, b, y, n);
}

template <typename Op>
BinaryFunction integer_loop(DataType type) {
  return pick_type(IntegerList{}, type, [](auto tag) -> BinaryFunction {
    return division_loop<Op, typename decltype(tag)::type>;
  });
}

void infer_division(InferContext& context) { infer_binary(context, kNumericTypes); }

Kernel prepare_div(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  if (type == DataType::Float) return float_binary_kernel(context, simd::BinaryKind::Div);
  refuse_epilogue(context.node);
  if (type == DataType::Double)
    return binary_kernel(context, binary_loop<FloatQuotient, double, double>);
  return binary_kernel(context, integer_loop<Quotient>(type));
}

Kernel prepare_mod(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  const bool truncated = context.node.int_or("fmod", 0) != 0;
  const bool is_float = type == DataType::Float || type == DataType::Double;
  if (is_float && !truncated)
    context.node.fail_attribute("fmod", "expected 1 for floating-point inputs, got 0");
  if (type == DataType::Float)
    return binary_kernel(context, binary_loop<FloatRemainder, float, float>);
  if (type == DataType::Double)
    return binary_kernel(context, binary_loop<FloatRemainder, double, double>);
  return binary_kernel(context, truncated ? integer_loop<TruncatedRemainder>(type)
                                          : integer_loop<FlooredRemainder>(type));
}

}  // namespace

void div(OpTable& table) {
  OpDef def;
  def.name = "Div";
  def.infer = infer_division;
  def.prepare = prepare_div;
  def.layout = broadcast_layout;
  def.in_place = true;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
  def.name = "Mod";
  def.since = 10;
  def.prepare = prepare_mod;
  def.layout = nullptr;
  def.epilogue = false;
  table.add(def);
}

}  // namespace keel::ops
