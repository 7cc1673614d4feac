// BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot and BitShift on integers.
#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

struct BitAnd {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
struct BitNot {
  template <typename T>
  T operator()(T a) const {
    return static_cast<T>(~a);
  }
};
// Nothing is left of a number shifted by its width or more.
struct ShiftLeft {
  template <typename T>
  T operator()(T a, T b) const {
    return b < sizeof(T) * 8 ? static_cast<T>(static_cast<std::uint64_t>(a) << b) : T{0};
  }
};
struct ShiftRight {
  template <typename T>
  T operator()(T a, T b) const {
    return b < sizeof(T) * 8 ? static_cast<T>(a >> b) : T{0};
  }
};

// The bits of a signed integer are those of the unsigned one of its size.
template <typename Choose>
auto pick_width(DataType type, Choose choose) {
  constexpr DataType kBySize[] = {DataType::Uint8, DataType::Uint16, DataType::Uint32,
                                  DataType::Uint64};
  std::size_t index = 0;
  while (element_size(kBySize[index]) < element_size(type)) ++index;
  return pick_type(TypeList<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>{},
                   kBySize[index], choose);
}

template <typename Op>
BinaryFunction loop_for(DataType type) {
  return pick_width(type, [](auto tag) -> BinaryFunction {
    using T = typename decltype(tag)::type;
    return binary_loop<Op, T, T>;
  });
}

void infer_integers(InferContext& context) { infer_binary(context, kIntegerTypes); }
void infer_integer(InferContext& context) { infer_unary(context, kIntegerTypes); }
void infer_shift(InferContext& context) {
  infer_binary(context, {DataType::Uint8, DataType::Uint16, DataType::Uint32, DataType::Uint64});
}

template <typename Op>
Kernel prepare_bits(const PrepareContext& context) {
  return binary_kernel(context, loop_for<Op>(context.inputs[0].type));
}

Kernel prepare_not(const PrepareContext& context) {
  return unary_kernel(context, pick_width(context.inputs[0].type, [](auto tag) -> UnaryFunction {
                        using T = typename decltype(tag)::type;
                        return unary_loop<BitNot, T, T>;
                      }));
}

Kernel prepare_shift(const PrepareContext& context) {
  const std::string direction = context.node.string_or("direction", "");
  if (direction == "LEFT") return prepare_bits<ShiftLeft>(context);
  if (direction == "RIGHT") return prepare_bits<ShiftRight>(context);
  context.node.fail_attribute("direction", "expected 'LEFT' or 'RIGHT'");
}

OpDef def_of(std::string_view name, int since, decltype(OpDef::infer) infer,
             decltype(OpDef::prepare) prepare) {
  OpDef def;
  def.name = name;
  def.since = since;
  def.infer = infer;
  def.prepare = prepare;
  def.in_place = true;
  return def;
}

}  // namespace

void bitwise(OpTable& table) {
  table.add(def_of("BitwiseAnd", 18, infer_integers, prepare_bits<BitAnd>));
  table.add(def_of("BitwiseOr", 18, infer_integers, prepare_bits<BitOr>));
  table.add(def_of("BitwiseXor", 18, infer_integers, prepare_bits<BitXor>));
  table.add(def_of("BitwiseNot", 18, infer_integer, prepare_not));
  table.add(def_of("BitShift", 11, infer_shift, prepare_shift));
}

}  // namespace keel::ops
