// Runs a Plan: the executor.
#include <cstring>
#include <map>

#include "runtime/error.h"
#include "runtime/memory_block.h"
#include "runtime/model.h"
#include "runtime/prepare.h"

namespace keel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t align64(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

void copy_elements(const TensorRef& from, void* to) {
  const std::int64_t count = from.size();
  if (from.type == DataType::String) {
    for (std::int64_t i = 0; i < count; ++i)
      static_cast<std::string*>(to)[i] = from.as<std::string>()[i];
  } else if (count > 0) {
    std::memcpy(to, from.data, storage_bytes(from.type, from.dims, from.layout));
  }
}

}  // namespace

std::byte* Session::State::Buffer::reserve(std::size_t bytes) {
  if (bytes > size) {
    data.reset();
    size = 0;
    data = allocate_block(bytes);
    size = bytes;
  }
  return data.get();
}

Session::State::State(std::shared_ptr<const Model::State> loaded)
    : model(std::move(loaded)),
      parallel(model->threads, model->options.executor, model->options.flush_denormals),
      inputs(model->graph.inputs.size()),
      bound_outputs(model->graph.outputs.size()),
      outputs(model->graph.outputs.size()) {}

std::vector<Shape> Session::State::checked_input_shapes() const {
  const Graph& graph = model->graph;
  std::vector<Shape> shapes;
  std::map<Dim, std::int64_t> symbols;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const Value& declared = graph.values[graph.inputs[i]];
    const std::string name = "input '" + printable(declared.name) + "'";
    if (inputs[i].empty()) {
      if (declared.constant == nullptr) throw Error(ErrorCode::BadInput, name + " is missing");
      shapes.push_back(declared.constant->shape());
      continue;
    }
    const Shape& got = inputs[i].shape();
    if (inputs[i].type() != declared.type.type)
      throw Error(ErrorCode::BadInput,
                  name + ": expected type " + std::string(data_type_name(declared.type.type)) +
                      ", got " + std::string(data_type_name(inputs[i].type())));
    const auto mismatch = [&] {
      throw Error(
          ErrorCode::BadInput,
          name + ": expected shape " + graph.shape_text(declared.type) + ", got " + to_string(got));
    };
    if (declared.type.ranked && declared.type.dims.size() != got.size()) mismatch();
    for (std::size_t k = 0; declared.type.ranked && k < got.size(); ++k) {
      const Dim dim = declared.type.dims[k];
      if (dim >= 0 && dim != got[k]) mismatch();
      if (dim >= kUnknownDim) continue;
      const auto [it, added] = symbols.emplace(dim, got[k]);
      if (!added && it->second != got[k])
        throw Error(ErrorCode::BadInput, name + ": dimension '" + graph.dim_text(dim) + "' is " +
                                             std::to_string(got[k]) + " here and " +
                                             std::to_string(it->second) + " in another input");
    }
    shapes.push_back(got);
  }
  return shapes;
}

void Session::State::use_plan(std::shared_ptr<const Plan> plan) {
  const Graph& graph = model->graph;
  plan_ = std::move(plan);
  tensors_ = plan_->tensors;
  in_.clear();
  out_.clear();
  first_in_.clear();
  first_out_.clear();
  dynamic_.clear();
  dynamic_bytes_ = 0;
  for (const Step& step : plan_->steps) {
    const Node& node = graph.nodes[step.node];
    first_in_.push_back(in_.size());
    first_out_.push_back(out_.size());
    for (ValueId id : node.inputs) in_.push_back(id == kNone ? nullptr : &tensors_[id]);
    for (ValueId id : node.outputs) out_.push_back(id == kNone ? nullptr : &tensors_[id]);
  }
  output_index_.assign(graph.values.size(), kNone);
  for (std::size_t k = graph.outputs.size(); k-- > 0;)
    output_index_[graph.outputs[k]] = static_cast<std::int32_t>(k);
  arena_.reserve(plan_->arena_bytes);
  scratch_per_thread_ = 0;
  reserve_scratch(plan_->scratch_per_thread, plan_->scratch_shared);
}

void Session::State::reserve_scratch(std::size_t per_thread, std::size_t shared) {
  scratch_per_thread_ = std::max(scratch_per_thread_, align64(per_thread));
  thread_scratch_.reserve(scratch_per_thread_ * static_cast<std::size_t>(model->threads));
  shared_scratch_.reserve(shared);
}

// Every result whose size is known gets its tensor: the caller's, the last run's where nobody else
// holds it, or a new one.
void Session::State::bind_outputs() {
  const Graph& graph = model->graph;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const ValueId id = graph.outputs[k];
    if (plan_->storage[id].place == Place::Dynamic) continue;
    const TensorRef& tensor = plan_->tensors[id];
    if (!bound_outputs[k].empty()) {
      if (bound_outputs[k].type() != tensor.type || bound_outputs[k].shape() != tensor.dims)
        throw Error(ErrorCode::BadInput,
                    "output '" + printable(graph.output_names[k]) + "': the bound tensor is " +
                        std::string(data_type_name(bound_outputs[k].type())) + " " +
                        to_string(bound_outputs[k].shape()) + ", the result " +
                        std::string(data_type_name(tensor.type)) + " " + to_string(tensor.dims));
      outputs[k] = bound_outputs[k];
    } else if (outputs[k].type() != tensor.type || outputs[k].shape() != tensor.dims) {
      outputs[k] = Tensor(tensor.type, tensor.dims);
    }
  }
}

void Session::State::resolve_pointers() {
  const Graph& graph = model->graph;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ValueId id = graph.inputs[i];
    const Tensor& tensor = inputs[i].empty() ? *graph.values[id].constant : inputs[i];
    tensors_[id].data = const_cast<void*>(tensor.data());
  }
  for (ValueId id = 0; id < static_cast<ValueId>(tensors_.size()); ++id) {
    const Storage& storage = plan_->storage[id];
    if (storage.place == Place::Arena)
      tensors_[id].data = arena_.data.get() + storage.offset;
    else if (storage.place == Place::Output)
      tensors_[id].data = outputs[static_cast<std::size_t>(output_index_[id])].data();
  }
  for (ValueId id = 0; id < static_cast<ValueId>(tensors_.size()); ++id) {
    std::size_t offset = 0;
    ValueId root = id;
    for (; plan_->storage[root].place == Place::Alias; root = plan_->storage[root].root)
      offset += plan_->storage[root].offset;
    if (root != id && tensors_[root].data != nullptr)
      tensors_[id].data = static_cast<std::byte*>(tensors_[root].data) + offset;
  }
}

void Session::State::run(const RunOptions& options) {
  try {
    std::vector<Shape> shapes = checked_input_shapes();
    if (plan_ == nullptr || plan_->input_shapes != shapes) use_plan(model->plan(shapes));
    bind_outputs();
    resolve_pointers();
    const bool can_stop =
        options.stop || options.deadline != std::chrono::steady_clock::time_point::max();
    parallel.stop = can_stop ? &options : nullptr;
    parallel.enter([&] {
      for (std::size_t s = 0; s < plan_->steps.size(); ++s) {
        if (can_stop) parallel.check_stop();
        const Step& step = plan_->steps[s];
        const auto begin = step_seconds == nullptr ? Clock::time_point() : Clock::now();
        if (step.dynamic)
          run_dynamic(step, s);
        else if (!step.view)
          run_step(step, s);
        if (step_seconds == nullptr) continue;
        step_seconds->resize(plan_->steps.size());
        (*step_seconds)[s] += std::chrono::duration<double>(Clock::now() - begin).count();
      }
    });
    parallel.stop = nullptr;
    copy_outputs();
  } catch (const Error& error) {
    parallel.stop = nullptr;
    throw with_stage(error, "run");
  } catch (const std::bad_alloc&) {
    parallel.stop = nullptr;
    throw Error(ErrorCode::ResourceLimit, "out of memory", {}, {}, "run");
  }
}

void Session::State::run_step(const Step& step, std::size_t index) {
  RunContext context{model->graph.nodes[step.node],
                     in_.data() + first_in_[index],
                     out_.data() + first_out_[index],
                     parallel,
                     shared_scratch_.data.get(),
                     thread_scratch_.data.get(),
                     scratch_per_thread_,
                     nullptr};
  run_node(step.kernel, context);
}

void Session::State::allocate(ValueId id, const Shape& dims) {
  TensorRef& tensor = tensors_[id];
  tensor.dims = dims;
  if (plan_->storage[id].place != Place::Dynamic) return;
  Shape stored = dims;
  if (tensor.layout == Layout::Blocked16) stored[1] = (dims[1] + kBlock - 1) / kBlock * kBlock;
  Tensor& buffer = dynamic_[id];
  if (buffer.type() != tensor.type || buffer.shape() != stored) {
    const std::size_t bytes = storage_bytes(tensor.type, stored, Layout::Plain);
    dynamic_bytes_ += bytes - (buffer.empty() ? 0 : buffer.byte_size());
    if (plan_->required_bytes(model->threads) + dynamic_bytes_ > model->max_memory)
      throw Error(ErrorCode::ResourceLimit,
                  str("a result of ", bytes, " bytes exceeds the limit of ", model->max_memory,
                      " bytes in all"));
    buffer = Tensor(tensor.type, stored);
  }
  tensor.data = buffer.data();
}

void Session::State::run_dynamic(const Step& step, std::size_t index) {
  const Node& node = model->graph.nodes[step.node];
  std::vector<Tensor> values(node.inputs.size());
  std::vector<InferContext::Input> types(node.inputs.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!node.has_input(i)) continue;
    const TensorRef& tensor = tensors_[node.inputs[i]];
    values[i] = Tensor(tensor.type, tensor.dims, tensor.data, nullptr);
    types[i] = {{tensor.type, true, tensor.dims},
                tensor.layout == Layout::Plain ? &values[i] : nullptr};
  }
  const std::vector<TensorType> inferred = infer_node(node, std::move(types));
  for (std::size_t i = 0; i < inferred.size(); ++i) {
    if (!node.has_output(i)) continue;
    TensorRef& tensor = tensors_[node.outputs[i]];
    tensor.type = inferred[i].type;
    tensor.dims = inferred[i].dims;
    if (inferred[i].is_static()) allocate(node.outputs[i], inferred[i].dims);
  }
  if (step.view) {
    TensorRef from = tensors_[node.inputs[0]];
    return copy_elements(from, tensors_[node.outputs[0]].data);
  }
  PrepareContext prepare{node,
                         {},
                         {},
                         {},
                         *model->kernels,
                         model->threads,
                         model->options.precision,
                         &model->weights.packs};
  for (ValueId id : node.inputs) {
    prepare.inputs.push_back(id == kNone ? TensorRef{} : tensors_[id]);
    prepare.constants.push_back(id == kNone ? nullptr : model->graph.values[id].constant);
  }
  for (ValueId id : node.outputs)
    prepare.outputs.push_back(id == kNone ? TensorRef{} : tensors_[id]);
  const Kernel kernel = prepare_node(*step.op, prepare);
  reserve_scratch(kernel.scratch_per_thread, kernel.scratch_shared);
  RunContext context{node,
                     in_.data() + first_in_[index],
                     out_.data() + first_out_[index],
                     parallel,
                     shared_scratch_.data.get(),
                     thread_scratch_.data.get(),
                     scratch_per_thread_,
                     [&](std::size_t i, const Shape& dims) { allocate(node.outputs[i], dims); }};
  run_node(kernel, context);
}

// Results that are the caller's input, a constant, another result or a view are copied.
void Session::State::copy_outputs() {
  const Graph& graph = model->graph;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const ValueId id = graph.outputs[k];
    const bool in_place = plan_->storage[id].place == Place::Output &&
                          output_index_[id] == static_cast<std::int32_t>(k);
    if (in_place) continue;
    const TensorRef& tensor = tensors_[id];
    if (plan_->storage[id].place == Place::Dynamic) {
      if (!bound_outputs[k].empty()) {
        if (bound_outputs[k].type() != tensor.type || bound_outputs[k].shape() != tensor.dims)
          throw Error(ErrorCode::BadInput, "output '" + printable(graph.output_names[k]) +
                                               "': the result is " + to_string(tensor.dims) +
                                               ", the bound tensor " +
                                               to_string(bound_outputs[k].shape()));
        outputs[k] = bound_outputs[k];
      } else {
        outputs[k] = Tensor(tensor.type, tensor.dims);
      }
    }
    copy_elements(tensor, outputs[k].data());
  }
}

}  // namespace keel
