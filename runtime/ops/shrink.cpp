// Shrink: y = x < -lambd ? x + bias : x > lambd ? x - bias : 0. On integers x +- bias is computed
// in double and truncated.
#include "runtime/elementwise.h"
#include "runtime/to_integer.h"

namespace keel::ops {
namespace {

void infer_shrink(InferContext& context) { infer_unary(context, kNumericTypes); }

template <typename T>
void shrink_loop(double lambd, double bias, const T* x, T* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(x[i]);
    const double shrunk = value < -lambd ? value + bias : value > lambd ? value - bias : 0;
    if constexpr (std::is_integral_v<T>) {
      y[i] = to_integer<T>(shrunk);
    } else {
      y[i] = static_cast<T>(shrunk);
    }
  }
}

Kernel prepare_shrink(const PrepareContext& context) {
  const double lambd = context.node.float_or("lambd", 0.5f);
  const double bias = context.node.float_or("bias", 0.0f);
  return pick_type(NumericList{}, context.inputs[0].type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return unary_kernel(context, [lambd, bias](const void* x, void* y, std::int64_t n) {
      shrink_loop(lambd, bias, static_cast<const T*>(x), static_cast<T*>(y), n);
    });
  });
}

}  // namespace

void shrink(OpTable& table) {
  OpDef def;
  def.name = "Shrink";
  def.since = 9;
  def.infer = infer_shrink;
  def.prepare = prepare_shrink;
  def.layout = unary_layout;
  def.in_place = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
