#include "loaders/graph_writer.h"

#include <algorithm>

#include "runtime/error.h"

namespace keel::loaders {
namespace {

constexpr std::size_t kNoUnit = static_cast<std::size_t>(-1);

const Graph* subgraph(const Node& node, const std::string& attribute) {
  const auto it = node.attributes.find(attribute);
  if (it == node.attributes.end()) return nullptr;
  const auto* graph = std::get_if<std::shared_ptr<Graph>>(&it->second);
  return graph == nullptr ? nullptr : graph->get();
}

bool has_changed_subgraph(const Graph& graph, const GraphRecord& record, NodeId id) {
  for (auto it = record.subgraphs.lower_bound({id, ""});
       it != record.subgraphs.end() && it->first.first == id; ++it) {
    const Graph* inner = subgraph(graph.nodes[id], it->first.second);
    if (inner == nullptr || is_changed(*inner, *it->second)) return true;
  }
  return false;
}

bool node_changed(const Graph& graph, const GraphRecord& record, NodeId id) {
  const Node& node = graph.nodes[id];
  return node.changed || node.removed || has_changed_subgraph(graph, record, id);
}

}  // namespace

bool is_changed(const Graph& graph, const GraphRecord& record) {
  if (graph.nodes.size() != record.nodes.size() || graph.outputs != record.outputs) return true;
  for (std::size_t i = 0; i < record.nodes.size(); ++i)
    if (node_changed(graph, record, static_cast<NodeId>(i))) return true;
  // Constants that are others now. What was merely computed since does not count.
  for (std::size_t i = 0; i < record.constants.size(); ++i) {
    const NodeId producer = graph.values[i].producer;
    const bool own = producer == kNone || graph.nodes[producer].op_type == "Constant";
    if (own && graph.values[i].constant != record.constants[i]) return true;
  }
  return false;
}

GraphWriter::GraphWriter(ModelWriting& model, const Graph& graph, const GraphRecord& record,
                         onnx::GraphProto& proto, std::vector<std::string> captured)
    : model_(model),
      graph_(graph),
      record_(record),
      proto_(proto),
      defined_before_(defined_names(proto)),
      used_before_(used_names(proto)) {
  name_captured(captured);
}

void GraphWriter::write() {
  name_outputs();
  make_units();
  write_nodes();
  write_constants();
  drop_unused_initializers();
  drop_stale_infos();
}

void GraphWriter::name_captured(const std::vector<std::string>& captured) {
  const std::size_t first = graph_.inputs.size() - captured.size();
  for (std::size_t i = 0; i < captured.size(); ++i)
    written_names_[graph_.inputs[first + i]] = captured[i];
}

// Names of the file stay; others are made unique in the whole model.
const std::string& GraphWriter::name_of(ValueId id) {
  static const std::string absent;
  if (id == kNone) return absent;
  const auto it = written_names_.find(id);
  if (it != written_names_.end()) return it->second;
  const std::string& wish = graph_.values[id].name;
  const bool old = static_cast<std::size_t>(id) < record_.value_names.size();
  // A value of this file, or, in a subgraph, a constant of a graph around it.
  if (old && (defined_before_.count(wish) != 0 || used_before_.count(wish) != 0))
    return written_names_[id] = wish;
  std::string name = wish;
  for (int i = 2; !model_.names.insert(name).second; ++i) name = wish + "_" + std::to_string(i);
  return written_names_[id] = name;
}

// A patch may have let another value take the place of a graph output, which keeps its name.
void GraphWriter::name_outputs() {
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ValueId id = graph_.outputs[i];
    const std::string& name = graph_.output_names[i];
    const auto written = written_names_.find(id);
    if ((written == written_names_.end() ? graph_.values[id].name : written->second) == name)
      continue;
    if (!take_output_name(id, name)) identities_.emplace_back(name, id);
  }
}

// True where the value itself can be written under the name.
bool GraphWriter::take_output_name(ValueId id, const std::string& name) {
  const Value& value = graph_.values[id];
  const bool named_already = written_names_.count(id) != 0;
  if (value.producer == kNone || value.graph_input || named_already) return false;
  if (std::count(graph_.outputs.begin(), graph_.outputs.end(), id) > 1) return false;
  for (std::size_t other = 0; other < graph_.values.size(); ++other) {
    const Value& holder = graph_.values[other];
    if (holder.name == name && (holder.producer != kNone || !holder.users.empty())) return false;
  }
  if (defined_before_.count(value.name) != 0) renames_[value.name] = name;
  written_names_[id] = name;
  return true;
}

void GraphWriter::make_units() {
  // Calls of functions, by the index of their node, of which something changed.
  std::unordered_set<int> opened;
  const auto old = static_cast<NodeId>(record_.nodes.size());
  for (NodeId id = 0; id < old; ++id)
    if (record_.inlined[id] && node_changed(graph_, record_, id))
      opened.insert(record_.nodes[id].origin);

  unit_of_.assign(graph_.nodes.size(), kNoUnit);
  int call = kNone;  // whose nodes the last unit holds
  for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes.size()); ++id) {
    if (graph_.nodes[id].removed) continue;
    const int origin = id < old && record_.inlined[id] ? record_.nodes[id].origin : kNone;
    const bool whole = origin != kNone && opened.count(origin) == 0;
    if (!whole || origin != call) units_.emplace_back();
    if (whole) units_.back().call = proto_.mutable_node(origin);
    call = whole ? origin : kNone;
    units_.back().ids.push_back(id);
    unit_of_[id] = units_.size() - 1;
  }
}

std::vector<std::size_t> GraphWriter::missing_producers(const Unit& unit) const {
  std::vector<std::size_t> missing;
  for (const NodeId id : unit.ids)
    for (const auto* list : {&graph_.nodes[id].inputs, &graph_.nodes[id].captured})
      for (const ValueId input : *list) {
        const NodeId producer = input == kNone ? kNone : graph_.values[input].producer;
        if (producer == kNone || unit_of_[producer] == unit_of_[id]) continue;
        if (!units_[unit_of_[producer]].done) missing.push_back(unit_of_[producer]);
      }
  return missing;
}

// In the order of the file; what is new stands before its first user.
void GraphWriter::write_nodes() {
  std::vector<std::size_t> stack;
  for (std::size_t first = 0; first < units_.size(); ++first) {
    stack.push_back(first);
    while (!stack.empty()) {
      Unit& unit = units_[stack.back()];
      const std::vector<std::size_t> missing =
          unit.done ? std::vector<std::size_t>() : missing_producers(unit);
      if (!missing.empty()) {
        stack.insert(stack.end(), missing.rbegin(), missing.rend());
        continue;
      }
      stack.pop_back();
      if (!unit.done) write_unit(unit);
      unit.done = true;
    }
  }
  for (const auto& [name, value] : identities_) {
    onnx::NodeProto& node = add_written();
    node.set_op_type("Identity");
    node.add_input(name_of(value));
    node.add_output(name);
  }
  written_.Swap(proto_.mutable_node());
  for (onnx::NodeProto& node : written_) model_.messages.dropped.add_node()->Swap(&node);
}

void GraphWriter::write_unit(Unit& unit) {
  if (unit.call != nullptr) {
    add_written().Swap(unit.call);
    rename_values(renames_, *written_.rbegin());
  } else if (from_file(unit.ids[0])) {
    write_old_node(unit.ids[0]);
  } else {
    write_new_node(unit.ids[0]);
  }
}

onnx::NodeProto& GraphWriter::add_written() { return *written_.Add(); }

}  // namespace keel::loaders
