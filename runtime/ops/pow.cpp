// Pow: y = a^b, of the type of a; the exponent may be of another type. Integer powers of integers
// wrap; with a negative exponent they are truncated to 0, except for a = 1 and a = -1.
#include <cmath>
#include <type_traits>

#include "runtime/elementwise.h"
#include "runtime/to_integer.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 != 0 ? -1 : 1) : 0;
  std::uint64_t result = 1, factor = static_cast<std::uint64_t>(base);
  for (; exponent != 0; exponent >>= 1, factor *= factor)
    if ((exponent & 1) != 0) result *= factor;
  return static_cast<std::int64_t>(result);
}

// Real powers in double: one rounding is left for float.
template <typename Base, typename Exponent>
Base power(Base a, Exponent b) {
  if constexpr (std::is_integral_v<Base> && std::is_same_v<Exponent, std::int64_t>) {
    return static_cast<Base>(integer_power(a, b));
  } else {
    const double result = std::pow(static_cast<double>(a), static_cast<double>(b));
    if constexpr (std::is_integral_v<Base>) {
      return to_integer<Base>(result);
    } else {
      return static_cast<Base>(result);
    }
  }
}

template <typename Base, typename Exponent>
void power_loop(simd::Inner inner, const void* a, const void* b, void* y, std::int64_t n) {
  const std::int64_t a_step = inner == simd::Inner::ScalarVector ? 0 : 1;
  const std::int64_t b_step = inner == simd::Inner::VectorScalar ? 0 : 1;
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<Base*>(y)[i] =
        power(static_cast<const Base*>(a)[i * a_step], static_cast<const Exponent*>(b)[i * b_step]);
}

// Exponents are read as double or int64; uint64 beyond INT64_MAX is not told from its negative.
template <typename Exponent, typename From>
void widen_exponents(const void* from, Exponent* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = static_cast<Exponent>(static_cast<const From*>(from)[i]);
}

bool is_real(DataType type) { return type == DataType::Float || type == DataType::Double; }

// The loop for a base of type Base, its exponents widened a few at a time.
template <typename Base, typename Exponent>
BinaryLoop widening_loop(DataType exponents) {
  using Widen = void (*)(const void*, Exponent*, std::int64_t);
  const Widen widen = pick_type(NumericList{}, exponents, [](auto tag) -> Widen {
    return widen_exponents<Exponent, typename decltype(tag)::type>;
  });
  const auto width = static_cast<std::int64_t>(element_size(exponents));
  return [=](simd::Inner inner, const void* a, const void* b, void* y, std::int64_t n) {
    constexpr std::int64_t kPiece = 256;
    Exponent wide[kPiece];
    const bool one = inner == simd::Inner::VectorScalar;
    for (std::int64_t i = 0; i < n; i += kPiece) {
      const std::int64_t m = n - i < kPiece ? n - i : kPiece;
      const std::int64_t a_at = inner == simd::Inner::ScalarVector ? 0 : i;
      widen(static_cast<const std::byte*>(b) + (one ? 0 : i * width), wide, one ? 1 : m);
      power_loop<Base, Exponent>(inner, static_cast<const Base*>(a) + a_at, wide,
                                 static_cast<Base*>(y) + i, m);
    }
  };
}

void infer_pow(InferContext& context) {
  context.expect_type(0, {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16,
                          DataType::Int32, DataType::Int64});
  context.expect_type(1, kNumericTypes);
  const Shape& a = context.input(0).dims;
  const Shape b = aligned_operand(context.node, a.size(), context.input(1).dims);
  context.set_output(0, context.type(0), broadcast(context.node, a, b));
}

// Squares are what most models want of Pow.
bool is_square(const PrepareContext& context) {
  return context.is_constant(1) && context.constants[1]->size() == 1 &&
         context.inputs[1].type == DataType::Float &&
         context.constants[1]->data_as<float>()[0] == 2.0f &&
         element_count(context.inputs[0].dims) == element_count(context.outputs[0].dims);
}

Kernel square_kernel(const PrepareContext& context) {
  const auto* const kernels = context.kernels.elementwise;
  return unary_kernel(context, [kernels](const void* x, void* y, std::int64_t n) {
    const auto* const from = static_cast<const float*>(x);
    kernels->binary(simd::BinaryKind::Mul, simd::Inner::VectorVector, from, from,
                    static_cast<float*>(y), n, {});
  });
}

Kernel prepare_pow(const PrepareContext& context) {
  const DataType base = context.inputs[0].type, exponent = context.inputs[1].type;
  if (base == DataType::Float && exponent == DataType::Float)
    return is_square(context) ? square_kernel(context)
                              : float_binary_kernel(context, simd::BinaryKind::Pow);
  if (base == DataType::Float)
    return binary_kernel(context, widening_loop<float, double>(exponent));
  if (base == DataType::Double)
    return binary_kernel(context, widening_loop<double, double>(exponent));
  if (base == DataType::Int32)
    return binary_kernel(context, is_real(exponent)
                                      ? widening_loop<std::int32_t, double>(exponent)
                                      : widening_loop<std::int32_t, std::int64_t>(exponent));
  return binary_kernel(context, is_real(exponent)
                                    ? widening_loop<std::int64_t, double>(exponent)
                                    : widening_loop<std::int64_t, std::int64_t>(exponent));
}

LayoutChoice pow_layout(const LayoutQuery& query) {
  const bool floats = query.inputs.size() == 2 && query.inputs[1].type == DataType::Float;
  return floats ? broadcast_layout(query) : LayoutChoice{};
}

}  // namespace

void pow(OpTable& table) {
  OpDef def;
  def.name = "Pow";
  def.infer = infer_pow;
  def.prepare = prepare_pow;
  def.layout = pow_layout;
  def.in_place = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
