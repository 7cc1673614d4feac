#include "loaders/sequences.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "runtime/error.h"

namespace keel::loaders {
namespace {

using Members = std::vector<ValueId>;

class Resolver {
 public:
  explicit Resolver(Graph& graph) : graph_(graph) {}

  void run() {
    const std::vector<NodeId> order = graph_.order;
    for (NodeId id : order)
      if (graph_.nodes[id].domain.empty() && resolve(id)) {
        graph_.nodes[id].removed = true;
        resolved_.insert(graph_.nodes[id].name);
      }
    if (!resolved_.empty()) graph_.link();
  }
  const std::set<std::string>& resolved() const { return resolved_; }

 private:
  // True where the node's work is done by what was put in its place.
  bool resolve(NodeId id) {
    const Node node = graph_.nodes[id];
    const std::string& op = node.op_type;
    if (op == "SequenceEmpty") return define(node, {});
    if (op == "SequenceConstruct") return define(node, node.inputs);
    if (op == "SplitToSequence") return split(node);
    const auto known = node.has_input(0) ? sequences_.find(node.inputs[0]) : sequences_.end();
    if (known == sequences_.end()) return false;
    Members members = known->second;
    const auto size = static_cast<std::int64_t>(members.size());
    if (op == "SequenceInsert") {
      const auto at = position(node, 2, size, size);
      if (at) members.insert(members.begin() + *at, node.inputs[1]);
      return at && define(node, members);
    }
    if (op == "SequenceErase" || op == "SequenceAt") {
      const auto at = position(node, 1, size - 1, size - 1);
      if (!at) return false;
      if (op == "SequenceAt")
        return put("Identity", node.name, {members[static_cast<std::size_t>(*at)]}, node.outputs);
      members.erase(members.begin() + *at);
      return define(node, members);
    }
    if (op == "SequenceLength") {
      set_constant(node.outputs[0], make_tensor<std::int64_t>({}, {size}));
      return true;
    }
    return op == "ConcatFromSequence" && concat(node, members);
  }

  bool define(const Node& node, Members members) {
    sequences_[node.outputs[0]] = std::move(members);
    return true;
  }

  // The position at `input`, from 0 to `last`; negative ones count from behind the last member.
  // nullopt where only the run knows it.
  std::optional<std::int64_t> position(const Node& node, std::size_t input, std::int64_t last,
                                       std::int64_t absent) {
    if (!node.has_input(input)) return absent;
    const Tensor* tensor = graph_.constant(node.inputs[input]);
    if (tensor == nullptr || tensor->size() != 1) return std::nullopt;
    const std::int64_t at = tensor->type() == DataType::Int32 ? *tensor->data_as<std::int32_t>()
                                                              : *tensor->data_as<std::int64_t>();
    const std::int64_t size = node.op_type == "SequenceInsert" ? last : last + 1;
    const std::int64_t index = at < 0 ? at + size : at;
    if (index < 0 || index > last)
      node.fail(ErrorCode::MalformedModel,
                str("position ", at, " is outside a sequence of ", size));
    return index;
  }

  ValueId add(const std::string& name) { return graph_.add_value(name); }
  void set_constant(ValueId id, Tensor tensor) {
    graph_.values[id].type = {tensor.type(), true, tensor.shape()};
    graph_.values[id].constant = std::make_shared<const Tensor>(std::move(tensor));
  }
  ValueId add_ints(const std::string& name, const std::vector<std::int64_t>& values) {
    const ValueId id = add(name);
    set_constant(id, make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values));
    return id;
  }

  bool put(const std::string& op, const std::string& name, Members inputs, Members outputs,
           std::map<std::string, Attribute> attributes = {}) {
    Node node;
    node.name = name + ":" + op + std::to_string(graph_.nodes.size());
    node.op_type = op;
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.attributes = std::move(attributes);
    graph_.nodes.push_back(std::move(node));
    return true;
  }

  bool concat(const Node& node, Members members) {
    if (members.empty()) node.fail(ErrorCode::MalformedModel, "the sequence is empty");
    const std::int64_t axis = node.int_or("axis", 0);
    if (node.int_or("new_axis", 0) != 0) {
      const ValueId axes = add_ints(node.name + "_axes", {axis});
      for (ValueId& member : members) {
        const ValueId wider = add(node.name + "_member" + std::to_string(graph_.values.size()));
        put("Unsqueeze", node.name, {member, axes}, {wider});
        member = wider;
      }
    }
    return put("Concat", node.name, std::move(members), node.outputs, {{"axis", axis}});
  }

  // How many parts, where that is known: one for each entry of `split`, or one for each index.
  std::optional<std::int64_t> part_count(const Node& node, std::int64_t axis) {
    if (node.has_input(1)) {
      const TensorType& split = graph_.values[node.inputs[1]].type;
      const bool counted = split.ranked && split.dims.size() == 1 && split.dims[0] >= 0;
      return counted ? std::optional<std::int64_t>(split.dims[0]) : std::nullopt;
    }
    const TensorType& type = graph_.values[node.inputs[0]].type;
    const std::int64_t index = axis < 0 ? axis + type.rank() : axis;
    const bool known = type.ranked && index >= 0 && index < type.rank() && type.dims[index] >= 0;
    return known ? std::optional<std::int64_t>(type.dims[index]) : std::nullopt;
  }

  bool split(const Node& node) {
    const std::int64_t axis = node.int_or("axis", 0);
    const auto count = part_count(node, axis);
    constexpr std::int64_t kMostParts = 65536;
    if (!count || *count < 1 || *count > kMostParts) return false;
    Members parts;
    for (std::int64_t i = 0; i < *count; ++i)
      parts.push_back(add(node.name + "_part" + std::to_string(i)));
    const bool given = node.has_input(1);
    const ValueId sizes =
        given ? node.inputs[1]
              : add_ints(node.name + "_split",
                         std::vector<std::int64_t>(static_cast<std::size_t>(*count), 1));
    put("Split", node.name, {node.inputs[0], sizes}, parts, {{"axis", axis}});
    if (given || node.int_or("keepdims", 1) != 0) return define(node, parts);
    const ValueId axes = add_ints(node.name + "_axes", {axis});
    for (ValueId& part : parts) {
      const ValueId narrow = add(node.name + "_item" + std::to_string(graph_.values.size()));
      put("Squeeze", node.name, {part, axes}, {narrow});
      part = narrow;
    }
    return define(node, parts);
  }

  Graph& graph_;
  std::map<ValueId, Members> sequences_;
  std::set<std::string> resolved_;
};

}  // namespace

void resolve_sequences(Graph& graph, std::vector<UnsupportedNode>& unsupported) {
  if (unsupported.empty()) return;  // sequences are among them
  Resolver resolver(graph);
  resolver.run();
  const auto done = [&](const UnsupportedNode& node) {
    return resolver.resolved().count(node.node) != 0;
  };
  unsupported.erase(std::remove_if(unsupported.begin(), unsupported.end(), done),
                    unsupported.end());
}

}  // namespace keel::loaders
