// PRelu: y = x < 0 ? slope * x : x, the slope broadcast to x.
#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

struct Sloped {
  template <typename T>
  T operator()(T x, T slope) const {
    if constexpr (std::is_integral_v<T>) {
      return x < T{0}
                 ? static_cast<T>(static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(slope))
                 : x;
    } else {
      return x < T{0} ? x * slope : x;
    }
  }
};

void infer_prelu(InferContext& context) {
  context.expect_type(0, kNumericTypes);
  context.expect_type(1, {context.type(0)});
  const Shape& x = context.input(0).dims;
  const Shape slope = aligned_operand(context.node, x.size(), context.input(1).dims);
  const Shape y = broadcast(context.node, x, slope);
  for (std::size_t i = 0; i < y.size(); ++i)
    if (y.size() != x.size() || (x[i] >= 0 && y[i] >= 0 && x[i] != y[i]))
      context.node.fail(ErrorCode::BadInput, "slope of shape " + to_string(slope) +
                                                 " does not broadcast to x, " + to_string(x));
  context.set_output(0, context.type(0), x);
}

Kernel prepare_prelu(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  if (type == DataType::Float) return float_binary_kernel(context, simd::BinaryKind::PRelu);
  refuse_epilogue(context.node);
  return binary_kernel(context, pick_type(WideList{}, type, [](auto tag) -> BinaryFunction {
                         using T = typename decltype(tag)::type;
                         return binary_loop<Sloped, T, T>;
                       }));
}

}  // namespace

void prelu(OpTable& table) {
  OpDef def;
  def.name = "PRelu";
  def.infer = infer_prelu;
  def.prepare = prepare_prelu;
  def.layout = broadcast_layout;
  def.in_place = true;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
