// A proposed edit of a graph, and the only way a pass changes one.
//
// A pass builds a Patch from ids of the graph it looked at; apply() carries it out whole. New
// values get ids at once (graph.values.size() + k), so that edits can name them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/graph.h"

namespace keel {

class Patch {
 public:
  explicit Patch(const Graph& graph);

  // A new value; `name` is a wish, made unique when applied.
  ValueId add_value(std::string name, TensorType type, Layout layout = Layout::Plain);
  ValueId add_constant(std::string name, Tensor tensor, Layout layout = Layout::Plain);
  // A new node; its place in the order follows from its inputs.
  void add_node(Node node);
  void remove_node(NodeId node);
  void set_input(NodeId node, std::size_t slot, ValueId value);  // slot may be one past the end
  // `node` now produces `value` (whose producer is removed by this patch) at `slot`.
  void set_output(NodeId node, std::size_t slot, ValueId value);
  void set_attribute(NodeId node, std::string name, Attribute attribute);
  void set_epilogue(NodeId node, Epilogue epilogue);
  void set_prologue(NodeId node, Prologue prologue);
  void set_type(ValueId value, TensorType type);
  void set_layout(ValueId value, Layout layout);
  void set_constant(ValueId value, std::shared_ptr<const Tensor> constant);
  // The value keeps its name, but is not what the model as read calls by it.
  void mark_changed(ValueId value);
  // Every use of `from` reads `to`, graph outputs too (their names are Graph::output_names).
  void replace_uses(ValueId from, ValueId to);

  // Carries it out on the graph it was made from and drops nodes that it left without users.
  // Producers and users are right afterwards; `order` is not: the driver re-links and checks.
  void apply(Graph& graph) const;

 private:
  struct NewValue {
    std::string name;
    TensorType type;
    Layout layout;
    std::shared_ptr<const Tensor> constant;
  };
  struct Slot {
    NodeId node;
    std::size_t slot;
    ValueId value;
  };
  std::size_t base_values_;
  std::vector<NewValue> new_values_;
  std::vector<Node> new_nodes_;
  std::vector<NodeId> removed_;
  std::vector<Slot> inputs_, outputs_;
  std::vector<std::pair<NodeId, std::pair<std::string, Attribute>>> attributes_;
  std::vector<std::pair<NodeId, Epilogue>> epilogues_;
  std::vector<std::pair<NodeId, Prologue>> prologues_;
  std::vector<std::pair<ValueId, TensorType>> types_;
  std::vector<std::pair<ValueId, Layout>> layouts_;
  std::vector<std::pair<ValueId, std::shared_ptr<const Tensor>>> constants_;
  std::vector<ValueId> changed_;
  std::vector<std::pair<ValueId, ValueId>> replaced_;
};

}  // namespace keel
