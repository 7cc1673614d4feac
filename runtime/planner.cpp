#include "runtime/planner.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include "runtime/error.h"
#include "runtime/memory_block.h"
#include "runtime/prepare.h"
#include "runtime/reorder.h"

namespace keel {
namespace {

// Values computed while planning are kept by the plan; larger ones are left to the run.
constexpr std::size_t kLargestComputed = std::size_t{64} << 20;

class Planner {
 public:
  Planner(Graph& graph, const PlanSettings& settings, PlanWeights& weights, Plan& plan)
      : graph_(graph), settings_(settings), weights_(weights), plan_(plan) {
    weights_.read.resize(graph.values.size());
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

  // Chooses the kernels, all at once: packing weights is most of the work of a first run.
  void prepare_steps(Parallel& parallel) {
    count_users();
    std::vector<std::exception_ptr> errors(plan_.steps.size());
    const std::vector<std::size_t> order = largest_first();
    parallel.enter([&] {
      parallel.chunks(static_cast<std::int64_t>(order.size()), [&](std::int64_t i, int) {
        const std::size_t step = order[static_cast<std::size_t>(i)];
        try {
          prepare(plan_.steps[step]);
        } catch (...) {
          errors[step] = std::current_exception();
        }
      });
    });
    for (const std::exception_ptr& error : errors)
      if (error != nullptr) std::rethrow_exception(error);
    for (const Step& step : plan_.steps) {
      plan_.scratch_per_thread = std::max(plan_.scratch_per_thread, step.kernel.scratch_per_thread);
      plan_.scratch_shared = std::max(plan_.scratch_shared, step.kernel.scratch_shared);
    }
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
    if (inputs_static && outputs_static && (compute_now(node, op) || reorder_now(node))) return;
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
    for (ValueId input : node.inputs)
      if (input != kNone) read_constant(input);
    std::vector<Tensor> outputs = evaluate(node, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (node.has_output(i)) {
        plan_.computed.push_back(std::make_shared<const Tensor>(std::move(outputs[i])));
        set_constant(node.outputs[i], plan_.computed.back());
      }
    return true;
  }

  // What is known is brought into NCHW16c once, not in every run.
  bool reorder_now(const Node& node) {
    if (node.domain != "keel" || node.op_type != "Reorder") return false;
    const ValueId from = node.inputs[0], to = node.outputs[0];
    TensorRef& tensor = plan_.tensors[to];
    const std::size_t bytes = storage_bytes(tensor.type, tensor.dims, tensor.layout);
    if (known_[from] == nullptr || tensor.layout != Layout::Blocked16 || bytes > kLargestComputed)
      return false;
    read_constant(from);
    const auto floats = static_cast<std::int64_t>(bytes / sizeof(float));
    plan_.computed.push_back(std::make_shared<const Tensor>(DataType::Float, Shape{floats}));
    tensor.data = const_cast<void*>(plan_.computed.back()->data());
    Parallel serial(1, nullptr, false);
    to_blocked(serial, settings_.kernels, tensor.dims, known_[from]->data_as<float>(),
               static_cast<float*>(tensor.data));
    plan_.storage[to].place = Place::Constant;
    return true;
  }

  void read_constant(ValueId id) {
    if (known_[id] != nullptr && is_dropped(*known_[id])) throw ConstantDropped();
    weights_.read[id] = true;
  }

  // How many steps are yet to pack each constant. Those that are read otherwise are marked so.
  void count_users() {
    users_.resize(graph_.values.size());
    for (const Step& step : plan_.steps)
      for (ValueId id : graph_.nodes[step.node].inputs) {
        if (id == kNone) continue;
        if (step.dynamic || step.view || graph_.values[id].graph_input ||
            graph_.values[id].graph_output)
          read_constant(id);
        ++users_[id];
      }
  }

  // Steps with large constants first, the largest at the front: no thread is left with it at the
  // end, and what becomes of its memory is there for the others. The others as they are, see
  // weight_tensor().
  std::vector<std::size_t> largest_first() const {
    constexpr std::size_t kLarge = std::size_t{2} << 20;
    std::vector<std::size_t> bytes, order;
    for (const Step& step : plan_.steps) {
      std::size_t sum = 0;
      for (ValueId id : graph_.nodes[step.node].inputs)
        if (id != kNone && known_[id] != nullptr) sum += known_[id]->byte_size();
      order.push_back(order.size());
      bytes.push_back(sum > kLarge ? sum : 0);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return bytes[a] > bytes[b]; });
    return order;
  }

  void prepare(Step& step) {
    if (step.dynamic || step.view) return;
    const Node& node = graph_.nodes[step.node];
    {
      PrepareContext context{
          node,           {}, {}, {}, settings_.kernels, settings_.threads, settings_.precision,
          &weights_.packs};
      for (ValueId id : node.inputs) {
        context.inputs.push_back(id == kNone ? TensorRef{} : plan_.tensors[id]);
        context.constants.push_back(id == kNone ? nullptr : known_[id]);
      }
      for (ValueId id : node.outputs)
        context.outputs.push_back(id == kNone ? TensorRef{} : plan_.tensors[id]);
      context.take_constant = [&](std::size_t i) {
        return take(node.inputs[i], context.constants[i]);
      };
      step.kernel = prepare_node(*step.op, context);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNone || known_[id] == nullptr) continue;
      const bool packed = i < 64 && (step.kernel.packed_inputs >> i & 1) != 0;
      if (!packed) weights_.read[id] = true;
      if (--users_[id] == 0 && !weights_.read[id]) drop(id);
    }
  }

  // A constant that only one step is yet to pack, held by `constant` there. What fails after this
  // finds it dropped.
  std::shared_ptr<Tensor> take(ValueId id, std::shared_ptr<const Tensor>& constant) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!weights_.drop || users_[id] != 1 || weights_.read[id]) return nullptr;
    std::shared_ptr<const Tensor> all = known_[id];
    constexpr int kHolders = 4;  // known_, the graph, the step, this
    if (all.use_count() != kHolders || !has_own_block(*all)) return nullptr;
    drop(id);
    constant = known_[id];
    return std::const_pointer_cast<Tensor>(all);
  }

  // The last user has packed it.
  void drop(ValueId id) {
    if (!weights_.drop || graph_.values[id].constant == nullptr) return;
    known_[id] = graph_.values[id].constant = dropped_form(*known_[id]);
    plan_.tensors[id].data = nullptr;
  }

  Graph& graph_;
  const PlanSettings& settings_;
  PlanWeights& weights_;
  Plan& plan_;
  std::vector<std::shared_ptr<const Tensor>> known_;  // by value id
  std::mutex mutex_;                                  // of what follows, and of dropping
  std::vector<int> users_;                            // by value id
};

}  // namespace

std::shared_ptr<const Plan> make_plan(Graph& graph, const std::vector<Shape>& input_shapes,
                                      const PlanSettings& settings, PlanWeights& weights,
                                      Parallel& parallel) {
  auto plan = std::make_shared<Plan>();
  plan->input_shapes = input_shapes;
  try {
    Planner planner(graph, settings, weights, *plan);
    planner.set_inputs(input_shapes);
    planner.plan_nodes();
    planner.prepare_steps(parallel);
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
