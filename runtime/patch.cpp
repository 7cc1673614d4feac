#include "runtime/patch.h"

#include <algorithm>

namespace keel {
namespace {

void add_user(Graph& graph, ValueId value, NodeId node) {
  if (value != kNone) graph.values[value].users.push_back(node);
}

void remove_user(Graph& graph, ValueId value, NodeId node) {
  if (value == kNone) return;
  std::vector<NodeId>& users = graph.values[value].users;
  users.erase(std::find(users.begin(), users.end(), node));
}

// Marks the node removed and takes it off its inputs' users; those inputs may now be unused.
void remove(Graph& graph, NodeId id, std::vector<ValueId>& touched) {
  Node& node = graph.nodes[id];
  node.removed = true;
  for (const auto* list : {&node.inputs, &node.captured})
    for (ValueId input : *list) {
      remove_user(graph, input, id);
      if (input != kNone) touched.push_back(input);
    }
  for (ValueId output : node.outputs)
    if (output != kNone && graph.values[output].producer == id)
      graph.values[output].producer = kNone;
}

// Producers of values that lost their last user by this patch go too, and so on upwards; constants
// give their memory back.
void drop_unused(Graph& graph, std::vector<ValueId> touched) {
  const auto unused = [&](ValueId id) {
    return id == kNone || (graph.values[id].users.empty() && !graph.values[id].graph_output);
  };
  while (!touched.empty()) {
    const ValueId id = touched.back();
    touched.pop_back();
    if (!unused(id)) continue;
    const NodeId producer = graph.values[id].producer;
    if (producer == kNone && !graph.values[id].graph_input) graph.values[id].constant = nullptr;
    if (producer == kNone) continue;
    const Node& node = graph.nodes[producer];
    if (std::all_of(node.outputs.begin(), node.outputs.end(), unused))
      remove(graph, producer, touched);
  }
}

// Records and other runtimes tell nodes by their names. The last node is the one to be named.
std::string unique_name(const Graph& graph, const std::string& wish) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end() - 1,
                       [&](const Node& node) { return !node.removed && node.name == name; });
  };
  std::string name = wish;
  for (int k = 1; !wish.empty() && taken(name); ++k) name = wish + "_" + std::to_string(k);
  return name;
}

}  // namespace

Patch::Patch(const Graph& graph) : base_values_(graph.values.size()) {}

ValueId Patch::add_value(std::string name, TensorType type, Layout layout) {
  new_values_.push_back({std::move(name), std::move(type), layout, nullptr});
  return static_cast<ValueId>(base_values_ + new_values_.size() - 1);
}

ValueId Patch::add_constant(std::string name, Tensor tensor, Layout layout) {
  TensorType type{tensor.type(), true, tensor.shape()};
  const ValueId id = add_value(std::move(name), std::move(type), layout);
  new_values_.back().constant = std::make_shared<const Tensor>(std::move(tensor));
  return id;
}

void Patch::add_node(Node node) { new_nodes_.push_back(std::move(node)); }
void Patch::remove_node(NodeId node) { removed_.push_back(node); }
void Patch::set_input(NodeId node, std::size_t slot, ValueId value) {
  inputs_.push_back({node, slot, value});
}
void Patch::set_output(NodeId node, std::size_t slot, ValueId value) {
  outputs_.push_back({node, slot, value});
}
void Patch::set_attribute(NodeId node, std::string name, Attribute attribute) {
  attributes_.emplace_back(node, std::make_pair(std::move(name), std::move(attribute)));
}
void Patch::set_epilogue(NodeId node, Epilogue epilogue) {
  epilogues_.emplace_back(node, epilogue);
}
void Patch::set_prologue(NodeId node, Prologue prologue) {
  prologues_.emplace_back(node, prologue);
}
void Patch::set_type(ValueId value, TensorType type) {
  types_.emplace_back(value, std::move(type));
}
void Patch::set_layout(ValueId value, Layout layout) { layouts_.emplace_back(value, layout); }
void Patch::set_constant(ValueId value, std::shared_ptr<const Tensor> constant) {
  constants_.emplace_back(value, std::move(constant));
}
void Patch::mark_changed(ValueId value) { changed_.push_back(value); }
void Patch::replace_uses(ValueId from, ValueId to) { replaced_.emplace_back(from, to); }

void Patch::apply(Graph& graph) const {
  if (graph.values.size() != base_values_)
    throw Error(ErrorCode::Internal, "a patch was applied to another graph than it was made for");
  // Unique names matter: the writer turns new constants into initializers and outputs into names.
  const auto taken = [&](const std::string& name) {
    return std::any_of(graph.values.begin(), graph.values.end(),
                       [&](const Value& value) { return value.name == name; });
  };
  for (const NewValue& added : new_values_) {
    std::string name = added.name;
    for (int k = 1; taken(name); ++k) name = added.name + "_" + std::to_string(k);
    const ValueId id = graph.add_value(name);
    graph.values[id].type = added.type;
    graph.values[id].layout = added.layout;
    graph.values[id].constant = added.constant;
  }
  std::vector<ValueId> touched;
  const auto changed = [&](NodeId id) -> Node& {
    graph.nodes[id].changed = true;
    return graph.nodes[id];
  };
  const auto set_input_of = [&](NodeId id, std::size_t slot, ValueId value) {
    Node& node = changed(id);
    if (node.inputs.size() <= slot) node.inputs.resize(slot + 1, kNone);
    remove_user(graph, node.inputs[slot], id);
    if (node.inputs[slot] != kNone) touched.push_back(node.inputs[slot]);
    node.inputs[slot] = value;
    add_user(graph, value, id);
  };
  for (NodeId id : removed_) remove(graph, id, touched);
  for (const Slot& edit : outputs_) {
    Node& node = changed(edit.node);
    const ValueId old = node.outputs[edit.slot];
    node.outputs[edit.slot] = edit.value;
    if (old != kNone && graph.values[old].producer == edit.node) graph.values[old].producer = kNone;
    graph.values[edit.value].producer = edit.node;
  }
  for (const Slot& edit : inputs_) set_input_of(edit.node, edit.slot, edit.value);
  for (const auto& [id, attribute] : attributes_)
    changed(id).attributes[attribute.first] = attribute.second;
  for (const auto& [id, epilogue] : epilogues_) changed(id).epilogue = epilogue;
  for (const auto& [id, prologue] : prologues_) changed(id).prologue = prologue;
  for (const auto& [id, type] : types_) graph.values[id].type = type;
  for (const auto& [id, layout] : layouts_) graph.values[id].layout = layout;
  for (const auto& [id, constant] : constants_) graph.values[id].constant = constant;
  for (ValueId id : changed_) graph.values[id].changed = true;
  for (const auto& [from, to] : replaced_) {
    const std::vector<NodeId> users = graph.values[from].users;
    for (NodeId user : users) {
      for (std::size_t slot = 0; slot < graph.nodes[user].inputs.size(); ++slot)
        if (graph.nodes[user].inputs[slot] == from) set_input_of(user, slot, to);
      for (ValueId& captured : changed(user).captured) {
        if (captured != from) continue;
        remove_user(graph, from, user);
        captured = to;
        add_user(graph, to, user);
      }
    }
    for (ValueId& output : graph.outputs)
      if (output == from) {
        output = to;
        graph.values[to].graph_output = true;
      }
    graph.values[from].graph_output = false;
    touched.push_back(from);
  }
  for (const Node& node : new_nodes_) {
    graph.nodes.push_back(node);
    graph.nodes.back().name = unique_name(graph, node.name);
    const auto id = static_cast<NodeId>(graph.nodes.size() - 1);
    for (ValueId input : node.inputs) add_user(graph, input, id);
    for (ValueId output : node.outputs)
      if (output != kNone) graph.values[output].producer = id;
  }
  drop_unused(graph, std::move(touched));
}

}  // namespace keel
