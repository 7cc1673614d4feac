#include "runtime/planner.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/prepare.h"

namespace keel {
namespace {

// Values computed while planning are kept by the plan; larger ones are left to the run.
constexpr std::size_t kLargestComputed = std::size_t{64} << 20;

class Planner {
 public:
  Planner(const Graph& graph, const PlanSettings& settings, PackCache& packs, Plan& plan)
      : graph_(graph), settings_(settings), packs_(packs), plan_(plan) {
    plan_.tensors.resize(graph.values.size());
    plan_.storage.resize(graph.values.size());
    known_.resize(graph.values.size());
  }

  void set_inputs(const std::vector<Shape>& shapes) {
    for (ValueId id = 0; id < static_cast<ValueId>(graph_.values.size()); ++id) {
      const Value& value = graph_.values[id];
      if (value.constant != nullptr) set_constant(id, value.constant);
    }
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
      const ValueId id = graph_.inputs[i];
      const Value& value = graph_.values[id];
      if (value.constant != nullptr && shapes[i] == value.constant->shape()) {
        known_[id] = nullptr;  // may be overridden by another value of the same shape
      }
      plan_.tensors[id] = {value.type.type, Layout::Plain, shapes[i], nullptr};
      plan_.storage[id].place = Place::Input;
    }
  }

  void plan_nodes() {
    for (NodeId id : graph_.order) plan_node(id);
  }

 private:
  void set_constant(ValueId id, std::shared_ptr<const Tensor> tensor) {
    plan_.tensors[id] = {tensor->type(), graph_.values[id].layout, tensor->shape(),
                         const_cast<void*>(tensor->data())};
    plan_.storage[id].place = Place::Constant;
    known_[id] = std::move(tensor);
  }

  bool is_static(ValueId id) const {
    const TensorRef& tensor = plan_.tensors[id];
    return tensor.type != DataType::Undefined &&
           std::all_of(tensor.dims.begin(), tensor.dims.end(), [](Dim dim) { return dim >= 0; });
  }

  void plan_node(NodeId id) {
    const Node& node = graph_.nodes[id];
    const bool done = std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
      return output == kNone || graph_.values[output].constant != nullptr;
    });
    if (done) return;
    const OpDef& op = op_of(node);
    const bool inputs_static = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId in) {
      return in == kNone || (is_static(in) && plan_.storage[in].place != Place::Dynamic);
    });
    const bool outputs_static = infer_outputs(node);
    if (inputs_static && outputs_static && compute_now(node, op)) return;
    // Strings are objects: they cannot lie in the block of bytes.
    const bool text = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
      return output != kNone && plan_.tensors[output].type == DataType::String;
    });
    Step step{id, &op, {}, text || !inputs_static || !outputs_static, op.view};
    for (ValueId output : node.outputs) {
      if (output == kNone) continue;
      plan_.storage[output].place =
          is_static(output) && !text && !(step.dynamic && op.view) ? Place::Arena : Place::Dynamic;
    }
    if (!step.dynamic && !op.view) {
      step.kernel = prepare(node, op);
      plan_.scratch_per_thread = std::max(plan_.scratch_per_thread, step.kernel.scratch_per_thread);
      plan_.scratch_shared = std::max(plan_.scratch_shared, step.kernel.scratch_shared);
    }
    plan_.steps.push_back(std::move(step));
  }

  // Types and shapes of the outputs; false where the run must find some of them.
  bool infer_outputs(const Node& node) {
    std::vector<InferContext::Input> inputs(node.inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!node.has_input(i)) continue;
      const TensorRef& tensor = plan_.tensors[node.inputs[i]];
      const bool ranked = tensor.type != DataType::Undefined;
      inputs[i] = {{tensor.type, ranked, tensor.dims}, known_[node.inputs[i]].get()};
    }
    const std::vector<TensorType> outputs = infer_node(node, std::move(inputs));
    bool all_static = true;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!node.has_output(i)) continue;
      const ValueId id = node.outputs[i];
      const DataType type = outputs[i].ranked ? outputs[i].type : DataType::Undefined;
      plan_.tensors[id] = {type, graph_.values[id].layout, outputs[i].dims, nullptr};
      all_static = all_static && outputs[i].is_static();
    }
    return all_static;
  }

  // Shape arithmetic and everything else that follows from shapes alone.
  bool compute_now(const Node& node, const OpDef& op) {
    std::vector<const Tensor*> inputs(node.inputs.size(), nullptr);
    std::vector<Tensor> shapes(node.inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!node.has_input(i)) continue;
      const TensorRef& tensor = plan_.tensors[node.inputs[i]];
      inputs[i] = known_[node.inputs[i]].get();
      if (inputs[i] == nullptr && op.shape_only) {
        shapes[i] = Tensor(tensor.type, tensor.dims, nullptr, nullptr);
        inputs[i] = &shapes[i];
      }
      if (inputs[i] == nullptr || tensor.layout != Layout::Plain) return false;
    }
    std::size_t bytes = 0;
    for (ValueId output : node.outputs) {
      if (output == kNone) continue;
      const TensorRef& tensor = plan_.tensors[output];
      if (tensor.layout != Layout::Plain) return false;
      bytes += storage_bytes(tensor.type, tensor.dims, Layout::Plain);
    }
    if (bytes > kLargestComputed || !node.captured.empty()) return false;
    std::vector<Tensor> outputs = evaluate(node, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (node.has_output(i)) {
        plan_.computed.push_back(std::make_shared<const Tensor>(std::move(outputs[i])));
        set_constant(node.outputs[i], plan_.computed.back());
      }
    return true;
  }

  Kernel prepare(const Node& node, const OpDef& op) {
    PrepareContext context{
        node, {}, {}, {}, settings_.kernels, settings_.threads, settings_.precision, &packs_};
    for (ValueId id : node.inputs) {
      context.inputs.push_back(id == kNone ? TensorRef{} : plan_.tensors[id]);
      context.constants.push_back(id == kNone ? nullptr : known_[id]);
    }
    for (ValueId id : node.outputs)
      context.outputs.push_back(id == kNone ? TensorRef{} : plan_.tensors[id]);
    return prepare_node(op, context);
  }

  const Graph& graph_;
  const PlanSettings& settings_;
  PackCache& packs_;
  Plan& plan_;
  std::vector<std::shared_ptr<const Tensor>> known_;  // by value id
};

}  // namespace

std::shared_ptr<const Plan> make_plan(const Graph& graph, const std::vector<Shape>& input_shapes,
                                      const PlanSettings& settings, PackCache& packs) {
  auto plan = std::make_shared<Plan>();
  plan->input_shapes = input_shapes;
  try {
    Planner planner(graph, settings, packs, *plan);
    planner.set_inputs(input_shapes);
    planner.plan_nodes();
    place_values(graph, *plan);
    const std::size_t bytes = plan->required_bytes(settings.threads);
    if (bytes > settings.max_memory)
      throw Error(ErrorCode::ResourceLimit, str("a run on these shapes takes ", bytes,
                                                " bytes; the limit is ", settings.max_memory));
  } catch (const Error& error) {
    throw with_stage(error, "plan");
  }
  return plan;
}

}  // namespace keel
