#include "runtime/optimizer.h"

#include <algorithm>
#include <map>

#include "runtime/error.h"
#include "runtime/prepare.h"

namespace keel {

namespace passes {
#define KEEL_ITEM(name) PassDef name();
#include "passes.inc"
#undef KEEL_ITEM
}  // namespace passes

const std::vector<PassDef>& all_passes() {
  static const std::vector<PassDef> list = {
#define KEEL_ITEM(name) passes::name(),
#include "passes.inc"
#undef KEEL_ITEM
  };
  return list;
}

void infer_types(Graph& graph) {
  for (Value& value : graph.values)
    if (value.constant != nullptr)
      value.type = {value.constant->type(), true, value.constant->shape()};
  for (NodeId id : graph.order) {
    const Node& node = graph.nodes[id];
    std::vector<InferContext::Input> inputs(node.inputs.size());
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!node.has_input(i)) continue;
      const Value& value = graph.values[node.inputs[i]];
      inputs[i] = {value.type, value.overridable ? nullptr : value.constant.get()};
    }
    // A fold-only load may hold operators that Keel cannot run; what the model declares of their
    // outputs is then all that is known.
    if (op_table().find(node.domain, node.op_type) == nullptr) continue;
    const std::vector<TensorType> outputs = infer_node(node, std::move(inputs));
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!node.has_output(i)) continue;
      Value& value = graph.values[node.outputs[i]];
      // The model's own declaration stands where the operator knows less.
      if (outputs[i].type == DataType::Undefined) continue;
      if (!outputs[i].ranked) {
        value.type.type = outputs[i].type;
        continue;
      }
      Shape dims = outputs[i].dims;
      if (value.type.ranked && value.type.dims.size() == dims.size())
        for (std::size_t k = 0; k < dims.size(); ++k)
          if (dims[k] == kUnknownDim) dims[k] = value.type.dims[k];
      value.type = {outputs[i].type, true, std::move(dims)};
    }
  }
}

namespace {

using Refusals = std::map<std::pair<std::string_view, NodeId>, Decision>;

// One sweep of one pass over the graph; true if it changed anything.
bool sweep(Graph& graph, const Options& options, Parallel& parallel, const PassDef& pass,
           Refusals& refusals, std::vector<Decision>& done) {
  bool changed = false;
  const std::vector<NodeId> order = graph.order;
  for (NodeId id : order) {
    if (graph.nodes[id].removed) continue;
    PassResult result = pass.visit({graph, options, parallel}, id);
    if (result.decision) {
      Decision& decision = *result.decision;
      decision.pass = pass.name;
      decision.node = graph.nodes[id].name;
      decision.op = graph.nodes[id].op_type;
      decision.done = result.patch.has_value();
      if (decision.done)
        done.push_back(decision);
      else
        refusals[{pass.name, id}] = decision;
    }
    if (!result.patch) continue;
    refusals.erase({pass.name, id});
    result.patch->apply(graph);
    changed = true;
  }
  if (!changed) return false;
  graph.link();
  graph.check();
  infer_types(graph);
  return true;
}

bool any_done(const std::vector<Decision>& decisions) {
  return std::any_of(decisions.begin(), decisions.end(), [](const Decision& d) { return d.done; });
}

// The graphs inside a node, as If, Loop and Scan have them, know what the one around them does of
// the values they name. They are shared between copies of a graph: what changes is copied.
void fold_inside(Graph& graph, NodeId id, const Options& options,
                 std::vector<Decision>& decisions) {
  Node& node = graph.nodes[id];
  for (auto& [name, attribute] : node.attributes) {
    auto* held = std::get_if<std::shared_ptr<Graph>>(&attribute);
    if (held == nullptr || *held == nullptr) continue;
    auto inner = std::make_shared<Graph>(**held);
    const std::size_t first = inner->inputs.size() - inner->captures.size();
    for (std::size_t i = 0; i < inner->captures.size(); ++i) {
      const Value& around = graph.values[node.captured[inner->captures[i]]];
      if (around.type.ranked) inner->values[inner->inputs[first + i]].type = around.type;
    }
    std::vector<Decision> own;
    optimize(*inner, options, {Phase::Fold}, own);
    if (any_done(own)) *held = std::move(inner);
    decisions.insert(decisions.end(), own.begin(), own.end());
  }
}

}  // namespace

void optimize(Graph& graph, const Options& options, const std::vector<Phase>& phases,
              std::vector<Decision>& decisions) {
  infer_types(graph);
  Parallel parallel(thread_count(options), options.executor, false);
  for (Phase phase : phases) {
    Refusals refusals;
    // Every patch makes progress, so the bound only stops two passes that undo each other.
    constexpr int kMostRounds = 64;
    bool changed = true;
    for (int round = 0; changed && round < kMostRounds; ++round) {
      changed = false;
      for (const PassDef& pass : all_passes())
        if (pass.phase == phase)
          changed |= sweep(graph, options, parallel, pass, refusals, decisions);
    }
    if (phase == Phase::Fold)
      for (NodeId id : graph.order) fold_inside(graph, id, options, decisions);
    // A later phase may take the node into another; the reason why this one did not still holds.
    for (auto& [key, refusal] : refusals)
      if (!graph.nodes[key.second].removed) decisions.push_back(std::move(refusal));
  }
}

}  // namespace keel
