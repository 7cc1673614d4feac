#include "loaders/proto_tensor.h"

#include "loaders/onnx_parse.h"
#include "loaders/onnx_tensor.h"
#include "loaders/prescan.h"
#include "onnx/onnx.pb.h"
#include "runtime/error.h"

namespace keel {

namespace loaders {

void write_tensor(const Tensor& tensor, onnx::TensorProto& proto) {
  proto.clear_dims();
  proto.clear_float_data();
  proto.clear_int32_data();
  proto.clear_string_data();
  proto.clear_int64_data();
  proto.clear_double_data();
  proto.clear_uint64_data();
  proto.clear_raw_data();
  proto.clear_external_data();
  proto.clear_data_location();
  for (const std::int64_t dim : tensor.shape()) proto.add_dims(dim);
  proto.set_data_type(static_cast<std::int32_t>(tensor.type()));
  if (tensor.type() == DataType::String) {
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      proto.add_string_data(tensor.data_as<std::string>()[i]);
    return;
  }
  proto.set_raw_data(tensor.data(), tensor.byte_size());
}

namespace {

struct AttributeWriter {
  onnx::AttributeProto& proto;

  void operator()(std::int64_t value) const {
    proto.set_i(value);
    proto.set_type(onnx::AttributeProto::INT);
  }
  void operator()(float value) const {
    proto.set_f(value);
    proto.set_type(onnx::AttributeProto::FLOAT);
  }
  void operator()(const std::string& value) const {
    proto.set_s(value);
    proto.set_type(onnx::AttributeProto::STRING);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    for (const std::int64_t value : values) proto.add_ints(value);
    proto.set_type(onnx::AttributeProto::INTS);
  }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) proto.add_floats(value);
    proto.set_type(onnx::AttributeProto::FLOATS);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& value : values) proto.add_strings(value);
    proto.set_type(onnx::AttributeProto::STRINGS);
  }
  void operator()(const Tensor& value) const {
    write_tensor(value, *proto.mutable_t());
    proto.set_type(onnx::AttributeProto::TENSOR);
  }
  void operator()(const std::shared_ptr<Graph>&) const {
    throw Error(ErrorCode::Internal, "a subgraph cannot be written as a new attribute");
  }
};

}  // namespace

void write_attribute(const Attribute& attribute, onnx::AttributeProto& proto) {
  onnx::AttributeProto fresh;
  fresh.set_name(proto.name());
  if (proto.has_doc_string()) fresh.set_doc_string(proto.doc_string());
  *fresh.mutable_unknown_fields() = proto.unknown_fields();
  std::visit(AttributeWriter{fresh}, attribute);
  proto.Swap(&fresh);
}

}  // namespace loaders

Tensor parse_tensor_bytes(const void* bytes, std::size_t size, std::string* name) {
  const loaders::ByteSource source(bytes, size);
  loaders::prescan_tensor(source);
  onnx::TensorProto proto;
  loaders::parse_tensor(source, proto);
  loaders::TensorDoor door;
  if (name != nullptr) *name = proto.name();
  return loaders::read_tensor(proto, door);
}

std::string tensor_to_bytes(const Tensor& tensor, const std::string& name) {
  onnx::TensorProto proto;
  proto.set_name(name);
  loaders::write_tensor(tensor, proto);
  return proto.SerializeAsString();
}

}  // namespace keel
