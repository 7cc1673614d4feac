// The part of GraphReader that reads nodes.
#include <algorithm>

#include "loaders/graph_reader.h"
#include "loaders/onnx_attribute.h"
#include "loaders/upgrade.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::loaders {

void GraphReader::read_constant(const Source& source, NodeId id) {
  read_attributes(source, id);
  Node& node = graph_.nodes[id];
  if (node.outputs.size() != 1 || node.outputs[0] == kNone || source.proto->input_size() != 0)
    node.fail(ErrorCode::MalformedModel, "expected no input and one output");
  Tensor tensor = constant_value(node);
  Value& value = graph_.values[node.outputs[0]];
  value.type = {tensor.type(), true, tensor.shape()};
  node.attributes = {{"value", tensor}};
  value.constant = std::make_shared<const Tensor>(std::move(tensor));
}

void GraphReader::read_node(const Source& source, NodeId id) {
  for (const std::string& name : source.proto->input()) {
    const ValueId value = name.empty() ? kNone : find(name);
    if (value == kNone && !name.empty())
      graph_.nodes[id].fail(ErrorCode::MalformedModel, "input '" + printable(name) +
                                                           "' is not produced by any node, is no "
                                                           "input of the graph and no initializer");
    graph_.nodes[id].inputs.push_back(value);
  }
  read_attributes(source, id);
  check_support(graph_.nodes[id], source);
  if (!graph_.nodes[id].domain.empty()) return;
  upgrade(graph_.nodes[id], {graph_, [this](const std::string& name, Tensor tensor) {
                               const ValueId value = add_made_up(name);
                               graph_.values[value].type = {tensor.type(), true, tensor.shape()};
                               graph_.values[value].constant =
                                   std::make_shared<const Tensor>(std::move(tensor));
                               return value;
                             }});
}

void GraphReader::read_attributes(const Source& source, NodeId id) {
  for (onnx::AttributeProto& proto : *source.proto->mutable_attribute()) {
    const Node& node = graph_.nodes[id];
    const auto type = attribute_type(proto, node);
    if (node.has(proto.name())) node.fail_attribute(printable(proto.name()), "is given twice");
    if (type == onnx::AttributeProto::GRAPH) {
      read_subgraph(id, proto.name(), *proto.mutable_g());
      continue;
    }
    try {
      std::optional<Attribute> value = read_attribute(proto, type, model_.door);
      if (value) graph_.nodes[id].attributes[proto.name()] = std::move(*value);
    } catch (const Error& error) {
      throw with_node(
          Error(error.code(), "attribute '" + printable(proto.name()) + "': " + error.message()),
          node.name, node.op_type);
    }
  }
}

void GraphReader::read_subgraph(NodeId id, const std::string& attribute, onnx::GraphProto& proto) {
  std::unique_ptr<GraphRecord> record;
  if (record_ != nullptr) record = std::make_unique<GraphRecord>();
  GraphReader reader(model_, this, record.get());
  auto graph = std::make_shared<Graph>();
  try {
    *graph = reader.read(proto);
  } catch (const Error& error) {
    throw with_node(error, graph_.nodes[id].name, graph_.nodes[id].op_type);
  }
  std::vector<ValueId>& captured = graph_.nodes[id].captured;
  for (const Capture& capture : reader.captures()) {
    auto place = std::find(captured.begin(), captured.end(), capture.outer);
    if (place == captured.end()) place = captured.insert(place, capture.outer);
    if (capture.is_input)
      graph->captures.push_back(static_cast<std::size_t>(place - captured.begin()));
  }
  graph_.nodes[id].attributes[attribute] = std::move(graph);
  if (record_ != nullptr) record_->subgraphs[{id, attribute}] = std::move(record);
}

void GraphReader::check_support(const Node& node, const Source& source) {
  const auto report = [&](std::string reason) {
    model_.unsupported.push_back(
        {node.name, node.op_type, node.domain, node.version, std::move(reason)});
  };
  if (source.opsets->count(node.domain) == 0 || node.domain == "keel")
    return report("unknown domain");
  // Renamed by the upgrades.
  const bool former = node.op_type == "Upsample" || node.op_type == "Scatter";
  const std::string op = !former                      ? node.op_type
                         : node.op_type == "Upsample" ? "Resize"
                                                      : "ScatterElements";
  const OpDef* def = op_table().find(node.domain, op);
  if (def == nullptr) return report("unknown operator");
  if (!former && def->since > node.version)
    report("needs operator set " + std::to_string(def->since));
  if (node.domain.empty() && node.op_type == "Scan" && node.version < 9)
    report("the form of operator set 8");
}

}  // namespace keel::loaders
