#include "loaders/onnx_attribute.h"

#include "runtime/error.h"

namespace keel::loaders {
namespace {

using onnx::AttributeProto;
using Type = AttributeProto::AttributeType;

// The types whose field is filled, as bits.
unsigned filled_fields(const AttributeProto& proto) {
  unsigned filled = 0;
  const auto note = [&](bool set, Type type) { filled |= set ? 1u << type : 0u; };
  note(proto.has_f(), AttributeProto::FLOAT);
  note(proto.has_i(), AttributeProto::INT);
  note(proto.has_s(), AttributeProto::STRING);
  note(proto.has_t(), AttributeProto::TENSOR);
  note(proto.has_g(), AttributeProto::GRAPH);
  note(proto.has_sparse_tensor(), AttributeProto::SPARSE_TENSOR);
  note(proto.has_tp(), AttributeProto::TYPE_PROTO);
  note(proto.floats_size() > 0, AttributeProto::FLOATS);
  note(proto.ints_size() > 0, AttributeProto::INTS);
  note(proto.strings_size() > 0, AttributeProto::STRINGS);
  note(proto.tensors_size() > 0, AttributeProto::TENSORS);
  note(proto.graphs_size() > 0, AttributeProto::GRAPHS);
  note(proto.sparse_tensors_size() > 0, AttributeProto::SPARSE_TENSORS);
  note(proto.type_protos_size() > 0, AttributeProto::TYPE_PROTOS);
  return filled;
}

const char* type_name(Type type) {
  switch (type) {
    case AttributeProto::FLOAT:
      return "FLOAT";
    case AttributeProto::INT:
      return "INT";
    case AttributeProto::STRING:
      return "STRING";
    case AttributeProto::TENSOR:
      return "TENSOR";
    case AttributeProto::GRAPH:
      return "GRAPH";
    case AttributeProto::SPARSE_TENSOR:
      return "SPARSE_TENSOR";
    case AttributeProto::TYPE_PROTO:
      return "TYPE_PROTO";
    case AttributeProto::FLOATS:
      return "FLOATS";
    case AttributeProto::INTS:
      return "INTS";
    case AttributeProto::STRINGS:
      return "STRINGS";
    case AttributeProto::TENSORS:
      return "TENSORS";
    case AttributeProto::GRAPHS:
      return "GRAPHS";
    case AttributeProto::SPARSE_TENSORS:
      return "SPARSE_TENSORS";
    case AttributeProto::TYPE_PROTOS:
      return "TYPE_PROTOS";
    default:
      return "UNDEFINED";
  }
}

// Types whose single value is absent where it is zero or empty (as writers of proto3 leave it out).
bool has_default(Type type) {
  return type == AttributeProto::FLOAT || type == AttributeProto::INT ||
         type == AttributeProto::STRING;
}

bool is_list(Type type) {
  return type == AttributeProto::FLOATS || type == AttributeProto::INTS ||
         type == AttributeProto::STRINGS || type == AttributeProto::TENSORS ||
         type == AttributeProto::GRAPHS || type == AttributeProto::SPARSE_TENSORS ||
         type == AttributeProto::TYPE_PROTOS;
}

template <typename T>
Tensor list_tensor(const std::vector<T>& values) {
  return make_tensor<T>({static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

Type attribute_type(const AttributeProto& proto, const Node& node) {
  const std::string name = printable(proto.name());
  if (!proto.ref_attr_name().empty())
    node.fail_attribute(name, "refers to an attribute of a function, but stands in none");
  const unsigned filled = filled_fields(proto);
  if (proto.has_type() && proto.type() != AttributeProto::UNDEFINED) {
    const Type type = proto.type();
    if ((filled & ~(1u << type)) != 0 || (filled == 0 && !has_default(type) && !is_list(type)))
      node.fail_attribute(name, std::string("expected its type, ") + type_name(type) +
                                    ", but the value is of another one");
    return type;
  }
  if (filled == 0 || (filled & (filled - 1)) != 0)
    node.fail_attribute(name, "has no type and not one value");
  return static_cast<Type>(__builtin_ctz(filled));
}

std::optional<Attribute> read_attribute(AttributeProto& proto, Type type, TensorDoor& door) {
  switch (type) {
    case AttributeProto::FLOAT:
      return Attribute(proto.f());
    case AttributeProto::INT:
      return Attribute(static_cast<std::int64_t>(proto.i()));
    case AttributeProto::STRING:
      return Attribute(std::string(proto.s()));
    case AttributeProto::TENSOR:
      return Attribute(read_tensor(*proto.mutable_t(), door));
    case AttributeProto::SPARSE_TENSOR:
      return Attribute(read_sparse_tensor(*proto.mutable_sparse_tensor(), door));
    case AttributeProto::FLOATS:
      return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case AttributeProto::INTS:
      return Attribute(std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end()));
    case AttributeProto::STRINGS:
      return Attribute(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    default:
      return std::nullopt;
  }
}

Tensor constant_value(const Node& node) {
  if (node.attributes.size() != 1)
    node.fail(ErrorCode::MalformedModel,
              str("expected one value, got ", node.attributes.size(), " attributes"));
  const auto& [name, value] = *node.attributes.begin();
  if (name == "value" || name == "sparse_value")
    if (const auto* tensor = std::get_if<Tensor>(&value)) return *tensor;
  if (name == "value_float") return make_tensor<float>({}, {node.float_or(name, 0)});
  if (name == "value_floats") return list_tensor(node.floats_or(name, {}));
  if (name == "value_int") return make_tensor<std::int64_t>({}, {node.int_or(name, 0)});
  if (name == "value_ints") return list_tensor(node.ints_or(name, {}));
  if (name == "value_string") return make_tensor<std::string>({}, {node.string_or(name, "")});
  if (name == "value_strings")
    if (const auto* strings = std::get_if<std::vector<std::string>>(&value))
      return list_tensor(*strings);
  node.fail_attribute(printable(name), "is no value of a constant");
}

}  // namespace keel::loaders
