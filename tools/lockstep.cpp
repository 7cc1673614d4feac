#include "tools/lockstep.h"

#include <algorithm>
#include <unordered_map>

#include "runtime/error.h"
#include "runtime/op.h"
#include "tools/error_bound.h"

namespace keel::tools {
namespace {

// Original and folded each round what they sum up, and folding rounds the weights.
constexpr double kRuns = 2;
// Where many layers are folded the sum of their bounds says little: no output may be off by more
// than what ONNX's own tests allow.
constexpr double kLargestBound = 1e-3;

// Values by id, dropped after their last use.
class Values {
 public:
  explicit Values(const Graph& graph) : values_(graph.values.size()), uses_(graph.values.size()) {
    for (NodeId id : graph.order)
      for (ValueId input : graph.nodes[id].inputs)
        if (input != kNone) ++uses_[input];
    for (ValueId output : graph.outputs) ++uses_[output];
  }
  void keep(ValueId id) { ++uses_[id]; }
  void set(ValueId id, Tensor tensor) {
    if (uses_[id] > 0) values_[id] = std::move(tensor);
  }
  const Tensor& get(ValueId id) const { return values_[id]; }
  bool has(ValueId id) const { return !values_[id].empty(); }
  void release(ValueId id) {
    if (--uses_[id] == 0) values_[id] = Tensor();
  }

 private:
  std::vector<Tensor> values_;
  std::vector<int> uses_;
};

class Lockstep {
 public:
  Lockstep(const Graph& a, const Graph& b, const std::set<std::string>& changed,
           const std::function<void()>& poll)
      : a_(a), b_(b), poll_(poll), in_a_(a), magnitudes_(a), global_(b), local_(b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) ids_[a.values[i].name] = id(i);
    anchor_.assign(b.values.size(), kNone);
    std::vector<bool> anchored(a.values.size(), false);
    for (std::size_t i = 0; i < b.values.size(); ++i) {
      const Value& value = b.values[i];
      const auto found = ids_.find(value.name);
      if (value.producer == kNone && !value.graph_input) continue;
      if (found == ids_.end() || changed.count(value.name) != 0 || value.constant != nullptr)
        continue;
      const Value& twin = a.values[found->second];
      if (twin.producer == kNone && !twin.graph_input) continue;
      anchor_[i] = found->second;
      anchored[found->second] = true;
      in_a_.keep(found->second);
      magnitudes_.keep(found->second);
    }
    depth_.assign(a.values.size(), 0);
    inner_.assign(a.values.size(), false);
    for (std::size_t i = 0; i < a.values.size(); ++i)
      inner_[i] = !anchored[i] && a.values[i].producer != kNone && a.values[i].constant == nullptr;
  }

  LockstepResult run(const std::map<std::string, Tensor>& inputs) {
    for (const auto& [name, tensor] : inputs) {
      set_input(a_, in_a_, name, tensor);
      set_input(b_, global_, name, tensor);
    }
    std::size_t next = 0;
    for (NodeId node : a_.order) {
      poll_();
      step_original(a_.nodes[node]);
      while (next < b_.order.size() && ready(b_.nodes[b_.order[next]]))
        step_folded(b_.nodes[b_.order[next++]]);
    }
    while (next < b_.order.size()) step_folded(b_.nodes[b_.order[next++]]);
    compare_outputs();
    return std::move(result_);
  }

 private:
  static ValueId id(std::size_t i) { return static_cast<ValueId>(i); }

  static void set_input(const Graph& graph, Values& values, const std::string& name,
                        const Tensor& tensor) {
    for (ValueId input : graph.inputs)
      if (graph.values[input].name == name) values.set(input, tensor);
  }

  // Inputs of a node: given values, else constants.
  template <typename Get>
  static std::vector<Tensor> evaluate_with(const Graph& graph, const Node& node, Get get) {
    std::vector<Tensor> held(node.inputs.size());
    std::vector<const Tensor*> inputs(node.inputs.size(), nullptr);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!node.has_input(i)) continue;
      held[i] = get(i);
      if (held[i].empty() && graph.constant(node.inputs[i]) != nullptr)
        held[i] = *graph.constant(node.inputs[i]);
      inputs[i] = &held[i];
    }
    return evaluate(node, inputs);
  }

  static bool is_constant_node(const Graph& graph, const Node& node) {
    return node.has_output(0) && graph.values[node.outputs[0]].constant != nullptr;
  }

  void step_original(const Node& node) {
    if (is_constant_node(a_, node)) return;
    auto results =
        evaluate_with(a_, node, [&](std::size_t i) { return in_a_.get(node.inputs[i]); });
    step_magnitude(node);
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (node.has_output(i)) in_a_.set(node.outputs[i], std::move(results[i]));
    for (ValueId input : node.inputs)
      if (input != kNone) in_a_.release(input);
  }

  // Only between anchors: what folding took together, and what its last node gives.
  void step_magnitude(const Node& node) {
    bool within = false;
    double depth = roundings(a_, node);
    for (ValueId input : node.inputs)
      if (input != kNone && inner_[input]) {
        within = true;
        depth = std::max(depth, roundings(a_, node) + depth_[input]);
      }
    for (ValueId output : node.outputs) within |= output != kNone && inner_[output];
    if (within) {
      const MagnitudeNode absolute = magnitude_node(a_, node);
      auto results = evaluate_with(a_, absolute.node, [&](std::size_t i) -> Tensor {
        const ValueId input = node.inputs[i];
        if (!absolute.constants[i].empty()) return absolute.constants[i];
        return inner_[input] ? magnitudes_.get(input) : magnitude(in_a_.get(input));
      });
      for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (!node.has_output(i)) continue;
        magnitudes_.set(node.outputs[i], std::move(results[i]));
        depth_[node.outputs[i]] = depth;
      }
    }
    for (ValueId input : node.inputs)
      if (input != kNone) magnitudes_.release(input);
  }

  // Its anchors are there; everything else comes from nodes before it.
  bool ready(const Node& node) const {
    const auto there = [&](ValueId value) {
      return value == kNone || anchor_[value] == kNone || in_a_.has(anchor_[value]);
    };
    return std::all_of(node.inputs.begin(), node.inputs.end(), there) &&
           std::all_of(node.outputs.begin(), node.outputs.end(), there);
  }

  // The node of the original that does the same on the same anchors.
  bool is_unchanged(const Node& node) const {
    const ValueId output = node.has_output(0) ? anchor_[node.outputs[0]] : kNone;
    if (output == kNone || a_.values[output].producer == kNone) return false;
    const Node& twin = a_.nodes[a_.values[output].producer];
    if (twin.op_type != node.op_type || twin.inputs.size() != node.inputs.size()) return false;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.has_input(i) != twin.has_input(i)) return false;
      if (!node.has_input(i)) continue;
      const ValueId input = node.inputs[i];
      const bool anchors = anchor_[input] != kNone && anchor_[input] == twin.inputs[i];
      if (!anchors && !same_tensor(b_.constant(input), a_.constant(twin.inputs[i]))) return false;
    }
    return true;
  }

  void step_folded(const Node& node) {
    if (is_constant_node(b_, node)) return;
    auto whole =
        evaluate_with(b_, node, [&](std::size_t i) { return global_.get(node.inputs[i]); });
    std::vector<Tensor> alone;
    if (!is_unchanged(node))
      alone = evaluate_with(b_, node, [&](std::size_t i) {
        const ValueId input = node.inputs[i];
        return anchor_[input] != kNone ? in_a_.get(anchor_[input]) : local_.get(input);
      });
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.has_output(i)) continue;
      const ValueId output = node.outputs[i];
      global_.set(output, std::move(whole[i]));
      if (alone.empty()) continue;
      if (anchor_[output] == kNone)
        local_.set(output, std::move(alone[i]));
      else
        compare_layer(anchor_[output], alone[i]);
    }
    release_inputs(node);
    for (ValueId output : node.outputs)
      if (output != kNone && anchor_[output] != kNone && !a_.values[anchor_[output]].graph_output)
        if (b_.values[output].users.empty()) in_a_.release(anchor_[output]);
  }

  void release_inputs(const Node& node) {
    for (ValueId input : node.inputs) {
      if (input == kNone) continue;
      global_.release(input);
      local_.release(input);
      if (anchor_[input] != kNone && --readers_of(input) == 0) in_a_.release(anchor_[input]);
    }
  }

  // How many uses of an anchor by the folded model are left.
  int& readers_of(ValueId input) {
    const auto [place, added] = readers_.emplace(input, 0);
    if (added) place->second = static_cast<int>(b_.values[input].users.size());
    return place->second;
  }

  void compare_layer(ValueId anchor, const Tensor& folded) {
    const Tensor& original = in_a_.get(anchor);
    const double factor = kRuns * (depth_[anchor] + 2) * unit_roundoff(original.type());
    ValueCheck check =
        compare_values(a_.values[anchor].name, original, folded, magnitudes_.get(anchor), factor);
    bound_sum_ += check.bound;
    result_.layers.push_back(check);
    magnitudes_.release(anchor);
  }

  void compare_outputs() {
    for (std::size_t k = 0; k < b_.outputs.size(); ++k) {
      const std::size_t twin = static_cast<std::size_t>(
          std::find(a_.output_names.begin(), a_.output_names.end(), b_.output_names[k]) -
          a_.output_names.begin());
      if (twin == a_.outputs.size())
        throw Error(ErrorCode::Internal, "the folded model has another output");
      const auto value = [](const Graph& graph, const Values& values, ValueId output) {
        return graph.constant(output) != nullptr ? *graph.constant(output) : values.get(output);
      };
      ValueCheck check = compare_values(b_.output_names[k], value(a_, in_a_, a_.outputs[twin]),
                                        value(b_, global_, b_.outputs[k]), Tensor(), 0);
      const double u = unit_roundoff(value(a_, in_a_, a_.outputs[twin]).type());
      check.bound = std::min(bound_sum_, std::max(kLargestBound, 16 * u));
      check.ok = check.ok && check.nme <= check.bound;
      result_.outputs.push_back(check);
    }
  }

  const Graph &a_, &b_;
  const std::function<void()>& poll_;
  Values in_a_, magnitudes_, global_, local_;
  std::unordered_map<std::string, ValueId> ids_;  // of the original
  std::vector<ValueId> anchor_;                   // by value of the folded model
  std::vector<bool> inner_;                       // by value of the original: between anchors
  std::vector<double> depth_;                     // roundings since the last anchor
  std::unordered_map<ValueId, int> readers_;
  double bound_sum_ = 0;
  LockstepResult result_;
};

}  // namespace

LockstepResult run_lockstep(const Graph& original, const Graph& folded,
                            const std::set<std::string>& changed,
                            const std::map<std::string, Tensor>& inputs,
                            const std::function<void()>& poll) {
  return Lockstep(original, folded, changed, poll).run(inputs);
}

}  // namespace keel::tools
