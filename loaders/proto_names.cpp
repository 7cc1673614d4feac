#include "loaders/proto_names.h"

#include "loaders/opsets.h"

namespace keel::loaders {
namespace {

// Calls visit(graph) for the graphs in a node's attributes.
template <typename Node, typename Visit>
void for_each_graph(Node& node, Visit&& visit) {
  if constexpr (std::is_const_v<Node>) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      if (attribute.has_g()) visit(attribute.g());
      for (const onnx::GraphProto& graph : attribute.graphs()) visit(graph);
    }
  } else {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) visit(*attribute.mutable_g());
      for (onnx::GraphProto& graph : *attribute.mutable_graphs()) visit(graph);
    }
  }
}

void rename(const Renames& renames, std::string& name) {
  const auto it = renames.find(name);
  if (it != renames.end()) name = it->second;
}

void rename_graph(const Renames& renames, onnx::GraphProto& graph) {
  for (onnx::NodeProto& node : *graph.mutable_node()) rename_values(renames, node);
  for (onnx::ValueInfoProto& info : *graph.mutable_output()) rename(renames, *info.mutable_name());
}

template <typename Nodes>
void collect_node_operators(const Nodes& nodes, NameSet& operators) {
  for (const onnx::NodeProto& node : nodes) {
    operators.insert(normal_domain(node.domain()) + "\n" + node.op_type());
    for_each_graph(node, [&](const onnx::GraphProto& graph) {
      collect_node_operators(graph.node(), operators);
    });
  }
}

}  // namespace

NameSet defined_names(const onnx::GraphProto& graph) {
  NameSet names;
  for (const onnx::ValueInfoProto& info : graph.input()) names.insert(info.name());
  for (const onnx::TensorProto& tensor : graph.initializer()) names.insert(tensor.name());
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer())
    names.insert(tensor.values().name());
  for (const onnx::NodeProto& node : graph.node())
    for (const std::string& name : node.output()) names.insert(name);
  return names;
}

void collect_used_names(const onnx::NodeProto& node, NameSet& names) {
  for (const std::string& name : node.input()) names.insert(name);
  for_each_graph(node, [&](const onnx::GraphProto& graph) {
    const NameSet inner = used_names(graph);
    names.insert(inner.begin(), inner.end());
  });
}

NameSet used_names(const onnx::GraphProto& graph) {
  NameSet names;
  for (const onnx::ValueInfoProto& info : graph.output()) names.insert(info.name());
  for (const onnx::TensorAnnotation& annotation : graph.quantization_annotation())
    for (const auto& entry : annotation.quant_parameter_tensor_names()) names.insert(entry.value());
  for (const onnx::NodeProto& node : graph.node()) collect_used_names(node, names);
  return names;
}

void collect_all_names(const onnx::GraphProto& graph, NameSet& names) {
  for (const std::string& name : defined_names(graph)) names.insert(name);
  for (const std::string& name : used_names(graph)) names.insert(name);
  for (const onnx::NodeProto& node : graph.node())
    for_each_graph(node, [&](const onnx::GraphProto& inner) { collect_all_names(inner, names); });
}

void rename_values(const Renames& renames, onnx::NodeProto& node) {
  for (std::string& name : *node.mutable_input()) rename(renames, name);
  for (std::string& name : *node.mutable_output()) rename(renames, name);
  for_each_graph(node, [&](onnx::GraphProto& graph) { rename_graph(renames, graph); });
}

void collect_operators(const onnx::GraphProto& graph, NameSet& operators) {
  collect_node_operators(graph.node(), operators);
}

void collect_operators(const onnx::FunctionProto& function, NameSet& operators) {
  collect_node_operators(function.node(), operators);
}

}  // namespace keel::loaders
