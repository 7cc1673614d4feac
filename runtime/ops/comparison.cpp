// Equal, Less, Greater, LessOrEqual and GreaterOrEqual with numpy broadcasting, to bool. Every
// comparison with NaN is false.
#include <string>

#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

struct EqualTo {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a == b;
  }
};
struct LessThan {
  template <typename T>
  bool operator()(T a, T b) const {
    return a < b;
  }
};
struct LessOrEqualTo {
  template <typename T>
  bool operator()(T a, T b) const {
    return a <= b;
  }
};
// Greater is Less with the operands exchanged.
template <typename Op>
struct Exchanged {
  template <typename T>
  bool operator()(T a, T b) const {
    return Op{}(b, a);
  }
};

// Two trues are equal whatever byte stands for them.
struct SameTruth {
  bool operator()(std::uint8_t a, std::uint8_t b) const { return (a != 0) == (b != 0); }
};

void equal_strings(simd::Inner inner, const void* a, const void* b, void* y, std::int64_t n) {
  const auto* const left = static_cast<const std::string*>(a);
  const auto* const right = static_cast<const std::string*>(b);
  const std::int64_t left_step = inner == simd::Inner::ScalarVector ? 0 : 1;
  const std::int64_t right_step = inner == simd::Inner::VectorScalar ? 0 : 1;
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<bool*>(y)[i] = left[i * left_step] == right[i * right_step];
}

template <typename Op>
BinaryFunction numeric_loop(DataType type) {
  return pick_type(NumericList{}, type, [](auto tag) -> BinaryFunction {
    return binary_loop<Op, typename decltype(tag)::type, bool>;
  });
}

void infer_equal(InferContext& context) {
  infer_binary(
      context,
      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16, DataType::Int8,
       DataType::Int16, DataType::Int32, DataType::Int64, DataType::Uint8, DataType::Uint16,
       DataType::Uint32, DataType::Uint64, DataType::Bool, DataType::String},
      DataType::Bool);
}

void infer_order(InferContext& context) { infer_binary(context, kNumericTypes, DataType::Bool); }

Kernel prepare_equal(const PrepareContext& context) {
  const DataType type = context.inputs[0].type;
  if (type == DataType::String) return binary_kernel(context, equal_strings);
  if (type == DataType::Bool)
    return binary_kernel(context, binary_loop<SameTruth, std::uint8_t, bool>);
  return binary_kernel(context, numeric_loop<EqualTo>(type));
}

template <typename Op>
Kernel prepare_order(const PrepareContext& context) {
  return binary_kernel(context, numeric_loop<Op>(context.inputs[0].type));
}

OpDef def_of(std::string_view name, int since, decltype(OpDef::infer) infer,
             decltype(OpDef::prepare) prepare) {
  OpDef def;
  def.name = name;
  def.since = since;
  def.infer = infer;
  def.prepare = prepare;
  def.in_place = true;
  def.half_through_float = true;
  return def;
}

}  // namespace

void comparison(OpTable& table) {
  table.add(def_of("Equal", 1, infer_equal, prepare_equal));
  table.add(def_of("Less", 1, infer_order, prepare_order<LessThan>));
  table.add(def_of("Greater", 1, infer_order, prepare_order<Exchanged<LessThan>>));
  table.add(def_of("LessOrEqual", 12, infer_order, prepare_order<LessOrEqualTo>));
  table.add(def_of("GreaterOrEqual", 12, infer_order, prepare_order<Exchanged<LessOrEqualTo>>));
}

}  // namespace keel::ops
