#include "tests/support/model_builder.h"

#include <type_traits>

#include "runtime/error.h"

namespace keel::test {
namespace {

TensorType declared_type(Graph& graph, DataType type, const std::optional<Sizes>& dims) {
  TensorType out;
  out.type = type;
  out.ranked = dims.has_value();
  if (!dims) return out;
  for (const Size& size : *dims)
    out.dims.push_back(size.symbol.empty() ? size.size : graph.symbol(size.symbol));
  return out;
}

TensorType type_of(const Tensor& tensor) {
  TensorType out;
  out.type = tensor.type();
  out.ranked = true;
  out.dims = tensor.shape();
  return out;
}

Attribute plain_attribute(const BuilderAttribute& attribute) {
  return std::visit(
      [](const auto& value) -> Attribute {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::shared_ptr<const ModelBuilder>>)
          throw Error(ErrorCode::Usage, "ModelBuilder::graph: subgraphs only through onnx()");
        else
          return value;
      },
      attribute);
}

}  // namespace

ModelBuilder& ModelBuilder::input(std::string name, std::optional<Sizes> dims, DataType type) {
  inputs_.push_back({std::move(name), type, std::move(dims)});
  return *this;
}

ModelBuilder& ModelBuilder::constant(std::string name, Tensor value) {
  constants_.emplace_back(std::move(name), std::move(value));
  return *this;
}

ModelBuilder& ModelBuilder::node(std::string op, Strings inputs, Strings outputs,
                                 Attributes attributes, std::string domain) {
  nodes_.push_back({std::move(op), std::move(domain), std::move(inputs), std::move(outputs),
                    std::move(attributes)});
  return *this;
}

ModelBuilder& ModelBuilder::output(std::string name, DataType type, std::optional<Sizes> dims) {
  outputs_.push_back({std::move(name), type, std::move(dims)});
  return *this;
}

ModelBuilder& ModelBuilder::function(std::string name, ModelBuilder body) {
  functions_.emplace_back(std::move(name), std::move(body));
  return *this;
}

Graph ModelBuilder::graph() const {
  Graph graph;
  graph.name = "test";
  std::map<std::string, ValueId> ids = {{"", kNone}};
  const auto id = [&](const std::string& name) {
    const auto found = ids.find(name);
    if (found != ids.end()) return found->second;
    return ids[name] = graph.add_value(name);
  };
  for (const auto& [name, tensor] : constants_) {
    Value& value = graph.values[id(name)];
    value.type = type_of(tensor);
    value.constant = std::make_shared<const Tensor>(tensor);
  }
  for (const Declared& input : inputs_) {
    const ValueId value = id(input.name);
    graph.values[value].graph_input = true;
    graph.values[value].overridable = graph.values[value].constant != nullptr;
    graph.values[value].type = declared_type(graph, input.type, input.dims);
    if (!graph.values[value].constant) graph.inputs.push_back(value);
  }
  for (const Call& call : nodes_) {
    Node node;
    node.name = call.outputs.empty() ? call.op : call.outputs.front();
    node.op_type = call.op;
    node.domain = call.domain;
    node.version = opset_;
    node.origin = static_cast<int>(graph.nodes.size());
    for (const std::string& name : call.inputs) node.inputs.push_back(id(name));
    for (const std::string& name : call.outputs) node.outputs.push_back(id(name));
    for (const auto& [name, value] : call.attributes)
      node.attributes.emplace(name, plain_attribute(value));
    graph.nodes.push_back(std::move(node));
  }
  for (const Declared& output : outputs_) {
    const ValueId value = id(output.name);
    graph.values[value].graph_output = true;
    graph.outputs.push_back(value);
    graph.output_names.push_back(output.name);
  }
  graph.link();
  return graph;
}

Model ModelBuilder::load(const Options& options) const {
  const std::string bytes = onnx();
  return Model::load(bytes.data(), bytes.size(), options);
}

}  // namespace keel::test
