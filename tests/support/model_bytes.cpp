// ModelBuilder::onnx: field numbers are those of onnx.proto.
#include <type_traits>

#include "runtime/error.h"
#include "runtime/tensor.h"
#include "tests/support/model_builder.h"
#include "tests/support/wire.h"

namespace keel::test {

std::string subgraph_bytes(const ModelBuilder& builder) { return builder.graph_bytes(); }

namespace {

Wire value_info(const std::string& name, DataType type, const std::optional<Sizes>& dims) {
  Wire info;
  info.text(1, name);
  if (type == DataType::Undefined) return info;
  Wire tensor;
  tensor.varint(1, static_cast<std::uint64_t>(type));
  if (dims) {
    Wire shape;
    for (const Size& size : *dims) {
      Wire dim;
      if (!size.symbol.empty())
        dim.text(2, size.symbol);
      else if (size.size >= 0)
        dim.varint(1, static_cast<std::uint64_t>(size.size));
      shape.message(1, dim);
    }
    tensor.message(2, shape);
  }
  return info.message(2, Wire().message(1, tensor));
}

struct AttributeWriter {
  Wire& out;

  void type(int number) { out.varint(20, static_cast<std::uint64_t>(number)); }
  void operator()(std::int64_t value) {
    out.varint(3, static_cast<std::uint64_t>(value));
    type(2);
  }
  void operator()(float value) {
    out.fixed32(2, value);
    type(1);
  }
  void operator()(const std::string& value) {
    out.text(4, value);
    type(3);
  }
  void operator()(const Ints& values) {
    for (const std::int64_t value : values) out.varint(8, static_cast<std::uint64_t>(value));
    type(7);
  }
  void operator()(const Floats& values) {
    for (const float value : values) out.fixed32(7, value);
    type(6);
  }
  void operator()(const Strings& values) {
    for (const std::string& value : values) out.text(9, value);
    type(8);
  }
  void operator()(const Tensor& value) {
    out.text(5, tensor_bytes(value, ""));
    type(4);
  }
  void operator()(const std::shared_ptr<const ModelBuilder>& value) {
    out.text(6, subgraph_bytes(*value));
    type(5);
  }
};

}  // namespace

std::string tensor_bytes(const Tensor& tensor, const std::string& name) {
  Wire out;
  for (const std::int64_t dim : tensor.shape()) out.varint(1, static_cast<std::uint64_t>(dim));
  out.varint(2, static_cast<std::uint64_t>(tensor.type()));
  if (!name.empty()) out.text(8, name);
  if (tensor.type() == DataType::String) {
    for (std::int64_t i = 0; i < tensor.size(); ++i) out.text(6, tensor.data_as<std::string>()[i]);
  } else {
    out.text(9, {static_cast<const char*>(tensor.data()), tensor.byte_size()});
  }
  return out.bytes();
}

std::vector<std::string> ModelBuilder::node_bytes() const {
  std::vector<std::string> nodes;
  for (const Call& call : nodes_) {
    Wire node;
    for (const std::string& name : call.inputs) node.text(1, name);
    for (const std::string& name : call.outputs) node.text(2, name);
    node.text(3, call.outputs.empty() ? call.op : call.outputs.front()).text(4, call.op);
    for (const auto& [name, value] : call.attributes) {
      Wire attribute;
      attribute.text(1, name);
      std::visit(AttributeWriter{attribute}, value);
      node.message(5, attribute);
    }
    if (!call.domain.empty()) node.text(7, call.domain);
    nodes.push_back(node.bytes());
  }
  return nodes;
}

std::string ModelBuilder::graph_bytes() const {
  Wire graph;
  for (const std::string& node : node_bytes()) graph.text(1, node);
  graph.text(2, "test");
  for (const auto& [name, tensor] : constants_) graph.text(5, tensor_bytes(tensor, name));
  for (const Declared& d : inputs_) graph.message(11, value_info(d.name, d.type, d.dims));
  for (const Declared& d : outputs_) graph.message(12, value_info(d.name, d.type, d.dims));
  return graph.bytes();
}

std::string ModelBuilder::onnx() const {
  const auto opset = [](const std::string& domain, int version) {
    return Wire().text(1, domain).varint(2, static_cast<std::uint64_t>(version));
  };
  Wire model;
  model.varint(1, 8).text(2, "keel tests").message(8, opset("", opset_)).text(7, graph_bytes());
  if (!functions_.empty()) model.message(8, opset("local", 1));
  for (const auto& [name, body] : functions_) {
    Wire function;
    function.text(1, name).text(10, "local").message(9, opset("", body.opset_));
    for (const Declared& input : body.inputs_) function.text(4, input.name);
    for (const Declared& output : body.outputs_) function.text(5, output.name);
    for (const std::string& node : body.node_bytes()) function.text(7, node);
    model.message(25, function);
  }
  return model.bytes();
}

}  // namespace keel::test
