#include "runtime/graph.h"

#include <queue>
#include <unordered_set>

#include "runtime/error.h"

namespace keel {
namespace {

template <typename T>
T attribute_or(const Node& node, const std::string& name, T fallback, const char* expected) {
  const auto it = node.attributes.find(name);
  if (it == node.attributes.end()) return fallback;
  if (const T* value = std::get_if<T>(&it->second)) return *value;
  node.fail_attribute(name, std::string("expected ") + expected);
}

}  // namespace

bool TensorType::is_static() const {
  if (!ranked) return false;
  for (Dim dim : dims)
    if (dim < 0) return false;
  return true;
}

std::int64_t Node::int_or(const std::string& attribute, std::int64_t fallback) const {
  return attribute_or<std::int64_t>(*this, attribute, fallback, "an integer");
}
float Node::float_or(const std::string& attribute, float fallback) const {
  return attribute_or<float>(*this, attribute, fallback, "a float");
}
std::string Node::string_or(const std::string& attribute, const std::string& fallback) const {
  return attribute_or<std::string>(*this, attribute, fallback, "a string");
}
std::vector<std::int64_t> Node::ints_or(const std::string& attribute,
                                        const std::vector<std::int64_t>& fallback) const {
  return attribute_or<std::vector<std::int64_t>>(*this, attribute, fallback, "a list of integers");
}
std::vector<float> Node::floats_or(const std::string& attribute,
                                   const std::vector<float>& fallback) const {
  return attribute_or<std::vector<float>>(*this, attribute, fallback, "a list of floats");
}

void Node::fail_attribute(const std::string& attribute, const std::string& message) const {
  fail(ErrorCode::MalformedModel, "attribute '" + attribute + "': " + message);
}

void Node::fail(ErrorCode code, const std::string& message) const {
  throw Error(code, message, name, op_type);
}

Dim Graph::symbol(const std::string& symbol_name) {
  for (std::size_t k = 0; k < symbols.size(); ++k)
    if (symbols[k] == symbol_name) return kUnknownDim - 1 - static_cast<Dim>(k);
  symbols.push_back(symbol_name);
  return kUnknownDim - static_cast<Dim>(symbols.size());
}

std::string Graph::dim_text(Dim dim) const {
  if (dim >= 0) return std::to_string(dim);
  if (dim == kUnknownDim) return "?";
  return printable(symbols[static_cast<std::size_t>(kUnknownDim - 1 - dim)]);
}

std::string Graph::shape_text(const TensorType& type) const {
  if (!type.ranked) return "[...]";
  std::string text = "[";
  for (std::size_t i = 0; i < type.dims.size(); ++i)
    text += (i ? ", " : "") + dim_text(type.dims[i]);
  return text + "]";
}

ValueId Graph::add_value(std::string value_name) {
  Value value;
  value.name = std::move(value_name);
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

void Graph::link() {
  for (Value& value : values) {
    value.producer = kNone;
    value.users.clear();
  }
  std::vector<std::int32_t> waiting(nodes.size(), 0);
  for (NodeId id = 0; id < static_cast<NodeId>(nodes.size()); ++id) {
    const Node& node = nodes[id];
    if (node.removed) continue;
    for (ValueId output : node.outputs) {
      if (output == kNone) continue;
      if (values[output].producer != kNone)
        node.fail(ErrorCode::MalformedModel,
                  "output '" + printable(values[output].name) + "' is produced by node '" +
                      printable(nodes[values[output].producer].name) + "' already");
      values[output].producer = id;
    }
    for (ValueId input : node.inputs)
      if (input != kNone) values[input].users.push_back(id);
    for (ValueId input : node.captured) values[input].users.push_back(id);
  }
  // Kahn's algorithm, lowest id first, so that the order is the model's own where that is sorted.
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  const auto count_inputs = [&](const std::vector<ValueId>& ids, const Node& node) {
    std::int32_t count = 0;
    for (ValueId id : ids) {
      if (id == kNone) continue;
      const Value& value = values[id];
      if (value.producer != kNone)
        ++count;
      else if (!value.graph_input && !value.constant)
        node.fail(ErrorCode::MalformedModel, "input '" + printable(value.name) +
                                                 "' is not produced by any node, is no input "
                                                 "of the graph and no initializer");
    }
    return count;
  };
  for (NodeId id = 0; id < static_cast<NodeId>(nodes.size()); ++id) {
    const Node& node = nodes[id];
    if (node.removed) continue;
    waiting[id] = count_inputs(node.inputs, node) + count_inputs(node.captured, node);
    if (waiting[id] == 0) ready.push(id);
  }
  order.clear();
  while (!ready.empty()) {
    const NodeId id = ready.top();
    ready.pop();
    order.push_back(id);
    for (ValueId output : nodes[id].outputs)
      if (output != kNone)
        for (NodeId user : values[output].users)
          if (--waiting[user] == 0) ready.push(user);
  }
  for (NodeId id = 0; id < static_cast<NodeId>(nodes.size()); ++id)
    if (!nodes[id].removed && waiting[id] > 0)
      nodes[id].fail(ErrorCode::MalformedModel, "the node is part of a cycle");
}

void Graph::check() const {
  const auto broken = [&](const std::string& what) {
    throw Error(ErrorCode::Internal, "graph check: " + what);
  };
  const auto size = static_cast<ValueId>(values.size());
  std::vector<bool> known(values.size(), false);
  for (ValueId id = 0; id < size; ++id)
    known[id] = values[id].graph_input || values[id].constant != nullptr;
  std::size_t live = 0;
  for (const Node& node : nodes) live += !node.removed;
  if (live != order.size()) broken("the order does not list every node once");
  for (NodeId id : order) {
    for (const auto* list : {&nodes[id].inputs, &nodes[id].captured})
      for (ValueId input : *list)
        if (input != kNone && (input < 0 || input >= size || !known[input]))
          broken("node '" + printable(nodes[id].name) + "' reads a value before it is produced");
    for (ValueId output : nodes[id].outputs) {
      if (output == kNone) continue;
      if (output < 0 || output >= size || values[output].producer != id)
        broken("node '" + printable(nodes[id].name) + "' is not the producer of its output");
      known[output] = true;
    }
  }
  for (ValueId output : outputs)
    if (!known[output]) broken("output '" + printable(values[output].name) + "' is not produced");
}

}  // namespace keel
