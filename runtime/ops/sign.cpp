// Abs, Neg and Sign, on integers too. The absolute value and the negative of the lowest integer
// are that integer, as two's complement has it.
#include <cmath>
#include <type_traits>

#include "runtime/elementwise.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

struct Negate {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(x));
    } else {
      return -x;
    }
  }
};

struct Absolute {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x < T{0} ? Negate{}(x) : x;
    } else {
      return std::abs(x);
    }
  }
};

struct SignOf {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (!(x > 0) && !(x < 0)) return x;  // zeros, NaN
    }
    return static_cast<T>((x > T{0}) - (x < T{0}));
  }
};

void infer_numeric(InferContext& context) { infer_unary(context, kNumericTypes); }

void infer_signed(InferContext& context) {
  infer_unary(context, {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16,
                        DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64});
}

template <typename Op, simd::UnaryKind kKind>
Kernel prepare_sign(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  if (type == DataType::Float) {
    const auto* const kernels = context.kernels.elementwise;
    return unary_kernel(context, [kernels](const void* x, void* y, std::int64_t n) {
      kernels->unary(kKind, static_cast<const float*>(x), static_cast<float*>(y), n);
    });
  }
  return unary_kernel(context, pick_type(WideList{}, type, [](auto tag) -> UnaryFunction {
                        using T = typename decltype(tag)::type;
                        return unary_loop<Op, T, T>;
                      }));
}

OpDef def_of(std::string_view name, int since, decltype(OpDef::infer) infer,
             decltype(OpDef::prepare) prepare) {
  OpDef def;
  def.name = name;
  def.since = since;
  def.infer = infer;
  def.prepare = prepare;
  def.layout = unary_layout;
  def.in_place = true;
  def.half_through_float = true;
  return def;
}

}  // namespace

void sign(OpTable& table) {
  using simd::UnaryKind;
  table.add(def_of("Abs", 1, infer_numeric, prepare_sign<Absolute, UnaryKind::Abs>));
  table.add(def_of("Neg", 1, infer_signed, prepare_sign<Negate, UnaryKind::Neg>));
  table.add(def_of("Sign", 9, infer_numeric, prepare_sign<SignOf, UnaryKind::Sign>));
}

}  // namespace keel::ops
