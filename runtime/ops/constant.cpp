// Constant: the tensor of an attribute. The reader keeps it as the value's constant as well, so
// that the node itself seldom runs.
#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

template <typename T>
Tensor list(const std::vector<T>& values) {
  return make_tensor<T>({static_cast<std::int64_t>(values.size())}, values);
}

Tensor value_of(const Node& node) {
  std::string found;
  for (const auto& attribute : node.attributes)
    if (attribute.first == "sparse_value" || attribute.first.rfind("value", 0) == 0)
      found += (found.empty() ? "" : ", ") + attribute.first;
  if (found == "value_float") return make_tensor<float>({}, {node.float_or(found, 0)});
  if (found == "value_int") return make_tensor<std::int64_t>({}, {node.int_or(found, 0)});
  if (found == "value_string") return make_tensor<std::string>({}, {node.string_or(found, "")});
  if (found == "value_floats") return list(node.floats_or(found, {}));
  if (found == "value_ints") return list(node.ints_or(found, {}));
  if (found != "value" && found != "value_strings" && found != "sparse_value")
    node.fail(ErrorCode::MalformedModel,
              "expected one attribute that holds a value, got '" + printable(found) + "'");
  const Attribute& attribute = node.attributes.at(found);
  if (const auto* strings = std::get_if<std::vector<std::string>>(&attribute))
    return list(*strings);
  if (const auto* tensor = std::get_if<Tensor>(&attribute)) return *tensor;
  node.fail_attribute(found, "expected a tensor");
}

void infer(InferContext& context) {
  const Tensor value = value_of(context.node);
  context.set_output(0, value.type(), value.shape());
}

Kernel prepare(const PrepareContext& context) {
  MoveList list;
  list.fill = value_of(context.node);
  const DataType type = list.fill.type();
  const bool packed = element_bits(type) % 8 != 0;
  // Elements packed two to a byte are moved as the bytes that hold them.
  const Shape dims =
      packed ? Shape{static_cast<std::int64_t>(list.fill.byte_size())} : list.fill.shape();
  const Shape strides = strides_of(dims);
  list.moves.push_back(
      {StridedCopy(packed ? DataType::Uint8 : type, dims, strides, strides), Move::kFill});
  return move_kernel(std::move(list), "constant");
}

}  // namespace

void constant(OpTable& table) {
  OpDef def;
  def.name = "Constant";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
