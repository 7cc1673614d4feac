#include "runtime/model.h"

#include <algorithm>
#include <stdexcept>

#include "runtime/error.h"
#include "runtime/memory_block.h"
#include "runtime/memory_limit.h"
#include "simd/dispatch.h"

namespace keel {
namespace {

void set_dims(Graph& graph, const Options& options) {
  std::vector<std::pair<Dim, std::int64_t>> sizes;
  for (const auto& [name, size] : options.dims) {
    const auto known = std::find(graph.symbols.begin(), graph.symbols.end(), name);
    if (known == graph.symbols.end())
      throw Error(ErrorCode::Usage, "the model has no dimension '" + printable(name) + "'");
    if (size < 0)
      throw Error(ErrorCode::Usage,
                  str("dimension '", printable(name), "': expected a size, got ", size));
    sizes.emplace_back(graph.symbol(name), size);
  }
  for (Value& value : graph.values)
    for (Dim& dim : value.type.dims)
      for (const auto& [symbol, size] : sizes)
        if (dim == symbol) dim = size;
}

// Unless nothing is to be optimised, initializers that are also inputs are fixed at load.
void fix_overridable(Graph& graph) {
  for (Value& value : graph.values) {
    if (!value.overridable) continue;
    value.overridable = false;
    value.graph_input = false;
  }
  const auto fixed = [&](ValueId id) { return !graph.values[id].graph_input; };
  graph.inputs.erase(std::remove_if(graph.inputs.begin(), graph.inputs.end(), fixed),
                     graph.inputs.end());
}

// What passes have put other constants in the place of.
void drop_unused_constants(Graph& graph) {
  for (Value& value : graph.values)
    if (value.users.empty() && !value.graph_output && !value.graph_input) value.constant = nullptr;
}

ValueInfo info_of(const Graph& graph, std::string_view name, const TensorType& type) {
  ValueInfo info{name, type.type, type.ranked, {}};
  for (Dim dim : type.dims) {
    Dimension dimension;
    if (dim >= 0)
      dimension.size = dim;
    else if (dim != kUnknownDim)
      dimension.name = graph.symbols[static_cast<std::size_t>(kUnknownDim - 1 - dim)];
    info.dims.push_back(dimension);
  }
  return info;
}

}  // namespace

void optimize_for_running(Graph& graph, const Options& options, std::vector<Decision>& decisions) {
  set_dims(graph, options);
  if (options.opt != OptLevel::None) fix_overridable(graph);
  graph.link();
  std::vector<Phase> phases;
  if (options.opt != OptLevel::None) phases = {Phase::Simplify};
  if (options.opt == OptLevel::Full)
    phases = {Phase::Simplify, Phase::Fold, Phase::Simplify,
              Phase::Fuse,     Phase::Join, Phase::Layout};
  optimize(graph, options, phases, decisions);
}

std::shared_ptr<const Model::State> build_model(Graph graph, const Options& options,
                                                std::function<Graph()> reload) {
  auto state = std::make_shared<Model::State>();
  state->weights.drop = reload != nullptr;
  state->reload = std::move(reload);
  state->options = options;
  try {
    state->kernels = &simd::select(options.isa.c_str());
  } catch (const std::invalid_argument& error) {
    throw Error(ErrorCode::Usage, error.what());
  }
  state->threads = thread_count(options);
  state->max_memory = memory_limit(options);
  if (graph.output_names.empty())
    for (ValueId id : graph.outputs) graph.output_names.push_back(graph.values[id].name);
  std::vector<TensorType> declared;
  for (ValueId id : graph.outputs) declared.push_back(graph.values[id].type);
  try {
    for (NodeId id : graph.order) op_of(graph.nodes[id]);
    optimize_for_running(graph, options, state->decisions);
  } catch (const Error& error) {
    throw with_stage(error, "load");
  }
  drop_unused_constants(graph);
  state->graph = std::move(graph);
  const Graph& built = state->graph;
  for (ValueId id : built.inputs)
    state->inputs.push_back(info_of(built, built.values[id].name, built.values[id].type));
  for (std::size_t k = 0; k < built.outputs.size(); ++k) {
    const TensorType& inferred = built.values[built.outputs[k]].type;
    state->outputs.push_back(
        info_of(built, built.output_names[k], inferred.ranked ? inferred : declared[k]));
  }
  return state;
}

std::shared_ptr<const Plan> Model::State::plan(const std::vector<Shape>& input_shapes) const {
  const std::lock_guard<std::mutex> lock(mutex);
  for (auto it = plans.begin(); it != plans.end(); ++it)
    if ((*it)->input_shapes == input_shapes) {
      plans.splice(plans.begin(), plans, it);
      return plans.front();
    }
  auto made = make(input_shapes);
  plans.push_front(made);
  while (plans.size() > std::max<std::size_t>(options.plan_cache, 1)) plans.pop_back();
  return made;
}

std::shared_ptr<const Plan> Model::State::make(const std::vector<Shape>& input_shapes) const {
  const PlanSettings settings{*kernels, threads, options.precision, max_memory};
  // Weights are packed as they are, whatever becomes of denormals during runs.
  Parallel parallel(threads, options.executor, false);
  const WeightReuse reuse;
  try {
    return make_plan(graph, input_shapes, settings, weights, parallel);
  } catch (const ConstantDropped&) {
    restore_constants();
    return make_plan(graph, input_shapes, settings, weights, parallel);
  }
}

// Shapes that want weights in another form than before: from now on the originals stay.
void Model::State::restore_constants() const {
  weights.drop = false;
  Graph fresh = reload();
  std::vector<Decision> same;
  optimize_for_running(fresh, options, same);
  if (fresh.values.size() != graph.values.size())
    throw Error(ErrorCode::Internal, "the model, read once more, is another one", "", "", "plan");
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    std::shared_ptr<const Tensor>& constant = graph.values[id].constant;
    if (constant != nullptr && is_dropped(*constant)) constant = fresh.values[id].constant;
  }
}

Model::Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const std::vector<ValueInfo>& Model::inputs() const { return state_->inputs; }
const std::vector<ValueInfo>& Model::outputs() const { return state_->outputs; }
const std::vector<Decision>& Model::report() const { return state_->decisions; }
std::string_view Model::isa() const { return state_->kernels->isa; }
int Model::threads() const { return state_->threads; }

Session Model::session() const { return Session(std::make_unique<Session::State>(state_)); }

std::size_t Model::required_bytes(const std::map<std::string, Shape>& shapes) const {
  std::vector<Shape> ordered;
  for (ValueId id : state_->graph.inputs) {
    const Value& value = state_->graph.values[id];
    const auto it = shapes.find(value.name);
    if (it != shapes.end())
      ordered.push_back(it->second);
    else if (value.constant != nullptr)
      ordered.push_back(value.constant->shape());
    else if (value.type.is_static())
      ordered.push_back(value.type.dims);
    else
      throw Error(ErrorCode::BadInput, "input '" + printable(value.name) + "': no shape given");
  }
  return state_->plan(ordered)->required_bytes(state_->threads);
}

namespace {

// Index of the input or output of that name; throws Error(BadInput) listing what there is.
std::size_t index_of(const std::vector<ValueInfo>& infos, std::string_view name, const char* what) {
  std::string known;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == name) return i;
    known += (known.empty() ? "'" : ", '") + printable(infos[i].name) + "'";
  }
  throw Error(ErrorCode::BadInput, str("the model has no ", what, " '", printable(name),
                                       "'; it has ", known.empty() ? "none" : known));
}

// A session of Model::run, given back when done.
class PooledSession {
 public:
  explicit PooledSession(const std::shared_ptr<const Model::State>& model) : model_(*model) {
    {
      const std::lock_guard<std::mutex> lock(model_.mutex);
      if (!model_.idle.empty()) {
        session_ = std::move(model_.idle.back());
        model_.idle.pop_back();
      }
    }
    if (session_ == nullptr) session_ = std::make_unique<Session::State>(model);
  }
  ~PooledSession() {
    for (Tensor& input : session_->inputs) input = {};
    for (Tensor& output : session_->outputs) output = {};
    // The pool must not keep its model alive: the pointer comes back with the next use.
    session_->model.reset();
    const std::lock_guard<std::mutex> lock(model_.mutex);
    model_.idle.push_back(std::move(session_));
  }
  Session::State* attach(const std::shared_ptr<const Model::State>& model) {
    session_->model = model;
    return session_.get();
  }

 private:
  const Model::State& model_;
  std::unique_ptr<Session::State> session_;
};

}  // namespace

NamedTensors Model::run(const NamedTensors& inputs, const std::vector<std::string>& names,
                        const RunOptions& options) const {
  const std::shared_ptr<const State> keep = state_;
  PooledSession pooled(keep);
  Session::State* session = pooled.attach(keep);
  for (const auto& [name, tensor] : inputs)
    session->inputs[index_of(state_->inputs, name, "input")] = tensor;
  std::vector<std::size_t> wanted;
  for (const std::string& name : names) wanted.push_back(index_of(state_->outputs, name, "output"));
  session->run(options);
  NamedTensors results;
  if (names.empty())
    for (std::size_t k = 0; k < session->outputs.size(); ++k)
      results[std::string(state_->outputs[k].name)] = session->outputs[k];
  for (std::size_t k : wanted) results[std::string(state_->outputs[k].name)] = session->outputs[k];
  return results;
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

void Session::bind_input(std::string_view name, const Tensor& tensor) {
  state_->inputs[index_of(state_->model->inputs, name, "input")] = tensor;
}
void Session::bind_output(std::string_view name, const Tensor& tensor) {
  state_->bound_outputs[index_of(state_->model->outputs, name, "output")] = tensor;
}
void Session::run(const RunOptions& options) { state_->run(options); }
const Tensor& Session::output(std::string_view name) const {
  return state_->outputs[index_of(state_->model->outputs, name, "output")];
}

Status try_load(const std::string& path, const Options& options, std::unique_ptr<Model>& model) {
  try {
    model = std::make_unique<Model>(Model::load(path, options));
    return {};
  } catch (const Error& error) {
    return {false, error.code(), error.what()};
  } catch (const std::exception& error) {
    return {false, ErrorCode::Internal, error.what()};
  }
}

Status try_run(const Model& model, const NamedTensors& inputs, NamedTensors& outputs) {
  try {
    outputs = model.run(inputs);
    return {};
  } catch (const Error& error) {
    return {false, error.code(), error.what()};
  } catch (const std::exception& error) {
    return {false, ErrorCode::Internal, error.what()};
  }
}

std::string_view version() { return KEEL_VERSION; }

}  // namespace keel
