// IsNaN and IsInf: floating-point types to bool.
#include <cmath>

#include "runtime/elementwise.h"
#include "runtime/half.h"

namespace keel::ops {
namespace {

constexpr DataTypes kTestedTypes = {DataType::Float,        DataType::Double,
                                    DataType::Float16,      DataType::BFloat16,
                                    DataType::Float8E4M3FN, DataType::Float8E4M3FNUZ,
                                    DataType::Float8E5M2,   DataType::Float8E5M2FNUZ};

void infer_test(InferContext& context) {
  context.expect_type(0, kTestedTypes);
  context.set_output(0, DataType::Bool, context.input(0).dims);
}

struct Nan {
  template <typename T>
  bool operator()(T x) const {
    return std::isnan(x);
  }
};

struct Infinite {
  bool negative, positive;
  template <typename T>
  bool operator()(T x) const {
    return std::isinf(x) && (x < 0 ? negative : positive);
  }
};

template <typename Test>
Kernel prepare_with(const PrepareContext& context, Test test) {
  const DataType type = context.inputs[0].type;
  return unary_kernel(context, [type, test](const void* x, void* y, std::int64_t n) {
    auto* const to = static_cast<bool*>(y);
    if (type == DataType::Float) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = test(static_cast<const float*>(x)[i]);
    } else if (type == DataType::Double) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = test(static_cast<const double*>(x)[i]);
    } else {
      const auto* const codes = static_cast<const std::uint8_t*>(x);
      for (std::int64_t i = 0; i < n; ++i) to[i] = test(minifloat_to_float(type, codes[i]));
    }
  });
}

Kernel prepare_is_nan(const PrepareContext& context) { return prepare_with(context, Nan{}); }

Kernel prepare_is_inf(const PrepareContext& context) {
  const Node& node = context.node;
  return prepare_with(context, Infinite{node.int_or("detect_negative", 1) != 0,
                                        node.int_or("detect_positive", 1) != 0});
}

}  // namespace

void is_nan(OpTable& table) {
  OpDef def;
  def.name = "IsNaN";
  def.since = 9;
  def.infer = infer_test;
  def.prepare = prepare_is_nan;
  def.half_through_float = true;
  table.add(def);
  def.name = "IsInf";
  def.since = 10;
  def.prepare = prepare_is_inf;
  table.add(def);
}

}  // namespace keel::ops
