// And, Or, Xor and Not on bool. Bytes are read as such: a model may hold another true than 1.
#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

struct Both {
  bool operator()(std::uint8_t a, std::uint8_t b) const { return (a != 0) & (b != 0); }
};
struct Either {
  bool operator()(std::uint8_t a, std::uint8_t b) const { return (a | b) != 0; }
};
struct OneOf {
  bool operator()(std::uint8_t a, std::uint8_t b) const { return (a != 0) != (b != 0); }
};
struct Neither {
  bool operator()(std::uint8_t a) const { return a == 0; }
};

void infer_logic(InferContext& context) { infer_binary(context, {DataType::Bool}); }
void infer_not(InferContext& context) { infer_unary(context, {DataType::Bool}); }

template <typename Op>
Kernel prepare_logic(const PrepareContext& context) {
  return binary_kernel(context, binary_loop<Op, std::uint8_t, std::uint8_t>);
}

Kernel prepare_not(const PrepareContext& context) {
  return unary_kernel(context, unary_loop<Neither, std::uint8_t, std::uint8_t>);
}

OpDef def_of(std::string_view name, decltype(OpDef::infer) infer,
             decltype(OpDef::prepare) prepare) {
  OpDef def;
  def.name = name;
  def.infer = infer;
  def.prepare = prepare;
  def.in_place = true;
  return def;
}

}  // namespace

void logic(OpTable& table) {
  table.add(def_of("And", infer_logic, prepare_logic<Both>));
  table.add(def_of("Or", infer_logic, prepare_logic<Either>));
  table.add(def_of("Xor", infer_logic, prepare_logic<OneOf>));
  table.add(def_of("Not", infer_not, prepare_not));
}

}  // namespace keel::ops
