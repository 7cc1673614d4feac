// The part of GraphWriter that writes nodes.
#include <algorithm>

#include "loaders/graph_writer.h"
#include "loaders/onnx_reader.h"
#include "loaders/proto_tensor.h"
#include "runtime/error.h"

namespace keel::loaders {
namespace {

bool same_value(const Tensor& a, const Tensor& b) {
  return a.data() == b.data() && a.type() == b.type() && a.shape() == b.shape();
}
template <typename T>
bool same_value(const T& a, const T& b) {
  return a == b;
}

bool same(const Attribute& a, const Attribute& b) {
  return a.index() == b.index() &&
         std::visit(
             [&b](const auto& value) {
               return same_value(value, std::get<std::decay_t<decltype(value)>>(b));
             },
             a);
}

onnx::AttributeProto* find_attribute(onnx::NodeProto& proto, const std::string& name) {
  for (onnx::AttributeProto& attribute : *proto.mutable_attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

// Attributes by which the reader tells operators how an older operator set meant them.
bool is_internal(const std::string& attribute) {
  return attribute == "flatten" || attribute == "per_group";
}

[[noreturn]] void cannot_express(const Node& node, const std::string& what) {
  node.fail(ErrorCode::Unsupported, str("operator set ", node.version, " cannot express ", what));
}

// `slot` of the list becomes `name`, which may be past the end.
void set_slot(google::protobuf::RepeatedPtrField<std::string>& list, std::size_t slot,
              const std::string& name) {
  while (list.size() <= static_cast<int>(slot)) list.Add();
  *list.Mutable(static_cast<int>(slot)) = name;
}

}  // namespace

// Slots that differ from what was read. A slot the reader filled from an attribute is not in the
// file; changing it would need an attribute again.
void GraphWriter::update_slots(NodeId id, onnx::NodeProto& proto) {
  const Node& node = graph_.nodes[id];
  const Node& read = record_.nodes[id];
  const auto update = [&](const std::vector<ValueId>& now, const std::vector<ValueId>& then,
                          auto& list, const char* what) {
    for (std::size_t slot = 0; slot < std::max(now.size(), then.size()); ++slot) {
      const ValueId value = slot < now.size() ? now[slot] : kNone;
      const ValueId before = slot < then.size() ? then[slot] : kNone;
      if (value == before) continue;
      const bool in_file = static_cast<int>(slot) < list.size();
      if (!in_file && before != kNone) cannot_express(node, str(what, " ", slot));
      set_slot(list, slot, name_of(value));
    }
    while (list.size() > 0 && list.rbegin()->empty()) list.RemoveLast();
  };
  update(node.inputs, read.inputs, *proto.mutable_input(), "input");
  update(node.outputs, read.outputs, *proto.mutable_output(), "output");
}

void GraphWriter::update_attributes(NodeId id, onnx::NodeProto& proto) {
  const Node& node = graph_.nodes[id];
  const Node& read = record_.nodes[id];
  onnx::NodeProto& parked = *model_.messages.dropped.add_node();
  for (const auto& [name, value] : node.attributes) {
    if (record_.subgraphs.count({id, name}) != 0) continue;
    const auto before = read.attributes.find(name);
    if (before != read.attributes.end() && same(before->second, value)) continue;
    onnx::AttributeProto* attribute = find_attribute(proto, name);
    if (attribute == nullptr) attribute = proto.add_attribute();
    onnx::AttributeProto fresh;
    fresh.set_name(name);
    if (attribute->has_doc_string()) fresh.set_doc_string(attribute->doc_string());
    write_attribute(value, fresh);
    parked.add_attribute()->Swap(attribute);
    attribute->Swap(&fresh);
  }
  for (const auto& [name, value] : read.attributes) {
    if (node.has(name)) continue;
    auto& list = *proto.mutable_attribute();
    for (int i = list.size() - 1; i >= 0; --i) {
      if (list[i].name() != name) continue;
      parked.add_attribute()->Swap(list.Mutable(i));
      list.DeleteSubrange(i, 1);
    }
  }
}

void GraphWriter::write_subgraphs(NodeId id, onnx::NodeProto& proto) {
  const Node& node = graph_.nodes[id];
  for (onnx::AttributeProto& attribute : *proto.mutable_attribute()) {
    const auto record = record_.subgraphs.find({id, attribute.name()});
    if (record == record_.subgraphs.end() || !attribute.has_g()) continue;
    const auto it = node.attributes.find(attribute.name());
    if (it == node.attributes.end()) continue;
    const Graph& inner = *std::get<std::shared_ptr<Graph>>(it->second);
    if (!is_changed(inner, *record->second)) continue;
    std::vector<std::string> captured;
    for (const std::size_t index : inner.captures)
      captured.push_back(name_of(node.captured[index]));
    GraphWriter(model_, inner, *record->second, *attribute.mutable_g(), std::move(captured))
        .write();
  }
}

void GraphWriter::write_constant_node(NodeId id, onnx::NodeProto& proto) {
  const ValueId value = graph_.nodes[id].outputs[0];
  if (graph_.values[value].constant == record_.constants[value]) return;
  onnx::NodeProto& parked = *model_.messages.dropped.add_node();
  parked.mutable_attribute()->Swap(proto.mutable_attribute());
  onnx::AttributeProto& attribute = *proto.add_attribute();
  attribute.set_name("value");
  write_attribute(Attribute(*graph_.values[value].constant), attribute);
}

void GraphWriter::write_old_node(NodeId id) {
  const Node& node = graph_.nodes[id];
  onnx::NodeProto& proto = add_written();
  proto.Swap(record_.protos[id]);
  rename_values(renames_, proto);
  if (record_.inlined[id]) import_domain(node, true);
  // What an inner graph calls a value of this one follows the value.
  Renames captured;
  for (std::size_t i = 0; i < node.captured.size(); ++i) {
    const ValueId before = record_.nodes[id].captured[i];
    if (before != node.captured[i])
      captured[record_.value_names[before]] = name_of(node.captured[i]);
  }
  if (!captured.empty())
    for (onnx::AttributeProto& attribute : *proto.mutable_attribute())
      if (attribute.has_g())
        for (onnx::NodeProto& inner : *attribute.mutable_g()->mutable_node())
          rename_values(captured, inner);
  write_subgraphs(id, proto);
  if (node.op_type == "Constant" && node.domain.empty()) write_constant_node(id, proto);
  if (!node.changed) return;
  if (!node.epilogue.empty() || !node.prologue.empty())
    node.fail(ErrorCode::Internal, "a fused activation cannot be written to a standard model");
  if (node.op_type != record_.nodes[id].op_type) proto.set_op_type(node.op_type);
  update_slots(id, proto);
  update_attributes(id, proto);
  fit_broadcast(id, proto);
}

void GraphWriter::write_new_node(NodeId id) {
  const Node& node = graph_.nodes[id];
  if (node.domain == "keel" || !node.epilogue.empty() || !node.prologue.empty())
    node.fail(ErrorCode::Internal, "the node cannot be written to a standard model");
  onnx::NodeProto& proto = add_written();
  if (!node.name.empty()) proto.set_name(node.name);
  proto.set_op_type(node.op_type);
  if (!node.domain.empty()) proto.set_domain(node.domain);
  for (const ValueId input : node.inputs) proto.add_input(name_of(input));
  for (const ValueId output : node.outputs) proto.add_output(name_of(output));
  for (const auto& [name, value] : node.attributes) {
    if (is_internal(name)) continue;
    onnx::AttributeProto& attribute = *proto.add_attribute();
    attribute.set_name(name);
    write_attribute(value, attribute);
  }
  import_domain(node, false);
  fit_opset(id, proto);
}

// A node out of a function now stands in the main graph and must mean the same there.
void GraphWriter::import_domain(const Node& node, bool must_match) {
  const auto [place, added] =
      model_.opsets.emplace(node.domain, node.version > 0 ? node.version : kNewestOpset);
  if (added) {
    onnx::OperatorSetIdProto& import = *model_.messages.model.add_opset_import();
    import.set_domain(node.domain);
    import.set_version(place->second);
  }
  if (must_match && place->second != node.version)
    node.fail(ErrorCode::Unsupported,
              str("its function imports operator set ", node.version, ", the model ", place->second,
                  "; the function cannot be taken apart"));
}

}  // namespace keel::loaders
