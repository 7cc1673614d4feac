// The activation functions of one input: y = f(x), elementwise, on floating-point types; Relu on
// signed integers too.
#include "runtime/activation.h"

#include "runtime/elementwise.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

void infer_activation(InferContext& context) { infer_unary(context, kFloatTypes); }

void infer_relu(InferContext& context) {
  infer_unary(context, {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16,
                        DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64});
}

struct IntegerRelu {
  template <typename T>
  T operator()(T x) const {
    return x < 0 ? T{0} : x;
  }
};

Kernel prepare_activation(const PrepareContext& context) {
  const simd::Activation activation = *activation_of(context.node);
  if (context.inputs[0].type != DataType::Double) {
    const auto* const kernels = context.kernels.elementwise;
    return unary_kernel(context, [activation, kernels](const void* x, void* y, std::int64_t n) {
      kernels->activate(activation, static_cast<const float*>(x), static_cast<float*>(y), n);
    });
  }
  return unary_kernel(context, [activation](const void* x, void* y, std::int64_t n) {
    const auto* const from = static_cast<const double*>(x);
    auto* const to = static_cast<double*>(y);
    for (std::int64_t i = 0; i < n; ++i) to[i] = activate(activation, from[i]);
  });
}

Kernel prepare_relu(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  if (type == DataType::Float || type == DataType::Double) return prepare_activation(context);
  using Signed = TypeList<std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
  return unary_kernel(context, pick_type(Signed{}, type, [](auto tag) -> UnaryFunction {
                        using T = typename decltype(tag)::type;
                        return unary_loop<IntegerRelu, T, T>;
                      }));
}

}  // namespace

void activation(OpTable& table) {
  for (const ActivationOperator& row : activation_operators()) {
    const bool relu = row.kind == simd::ActivationKind::Relu;
    OpDef def;
    def.name = row.name;
    def.since = row.since;
    def.infer = relu ? infer_relu : infer_activation;
    def.prepare = relu ? prepare_relu : prepare_activation;
    def.layout = unary_layout;
    def.in_place = true;
    def.half_through_float = true;
    table.add(def);
  }
}

}  // namespace keel::ops
