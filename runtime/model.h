// What a loaded model and a session consist of. Internal; keel.h hides it.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/optimizer.h"
#include "runtime/planner.h"

namespace keel {

// Optimises the graph as the options say and makes it ready to run. `reload` gives the same graph
// once more; where it is there, constants are dropped when they are packed. Throws Error.
std::shared_ptr<const Model::State> build_model(Graph graph, const Options& options,
                                                std::function<Graph()> reload = nullptr);

// Applies Options::dims and --opt to a graph as read; build_model's first half, for tools that want
// the graph itself.
void optimize_for_running(Graph& graph, const Options& options, std::vector<Decision>& decisions);

struct Model::State {
  mutable Graph graph;  // only plan() changes it, and of it only which constants are there
  Options options;
  const simd::KernelTable* kernels = nullptr;
  int threads = 1;
  std::size_t max_memory = 0;
  std::vector<ValueInfo> inputs, outputs;
  std::vector<Decision> decisions;

  // The plan for these shapes of Graph::inputs, from the cache where it is there. Thread-safe.
  std::shared_ptr<const Plan> plan(const std::vector<Shape>& input_shapes) const;

  mutable PlanWeights weights;
  std::function<Graph()> reload;
  mutable std::mutex mutex;
  mutable std::list<std::shared_ptr<const Plan>> plans;       // most recently used first
  mutable std::vector<std::unique_ptr<Session::State>> idle;  // of Model::run

 private:
  std::shared_ptr<const Plan> make(const std::vector<Shape>& input_shapes) const;
  void restore_constants() const;
};

// Memory and bindings of one caller.
struct Session::State {
  explicit State(std::shared_ptr<const Model::State> model);

  std::shared_ptr<const Model::State> model;
  Parallel parallel;
  std::vector<Tensor> inputs;         // by index of Graph::inputs; empty: not bound
  std::vector<Tensor> bound_outputs;  // by index of Graph::outputs; empty: not bound
  std::vector<Tensor> outputs;        // results of the last run

  void run(const RunOptions& options);

  // Where set, each run adds the seconds of every step of the plan.
  std::vector<double>* step_seconds = nullptr;
  const Plan* plan() const { return plan_.get(); }

 private:
  struct Buffer {  // grows, never shrinks
    std::shared_ptr<std::byte> data;
    std::size_t size = 0;
    std::byte* reserve(std::size_t bytes);
  };
  void use_plan(std::shared_ptr<const Plan> plan);
  std::vector<Shape> checked_input_shapes() const;
  void bind_outputs();
  void resolve_pointers();
  void run_step(const Step& step, std::size_t index);
  void run_dynamic(const Step& step, std::size_t index);
  void allocate(ValueId id, const Shape& dims);
  void reserve_scratch(std::size_t per_thread, std::size_t shared);
  void copy_outputs();

  std::shared_ptr<const Plan> plan_;
  std::vector<TensorRef> tensors_;  // by value id
  std::vector<const TensorRef*> in_;
  std::vector<TensorRef*> out_;
  std::vector<std::size_t> first_in_, first_out_;  // by step, into in_ and out_
  std::vector<std::int32_t> output_index_;         // by value id: the result it is written to
  std::unordered_map<ValueId, Tensor> dynamic_;    // buffers of Place::Dynamic
  Buffer arena_, thread_scratch_, shared_scratch_;
  std::size_t scratch_per_thread_ = 0;
  std::size_t dynamic_bytes_ = 0;
};

}  // namespace keel
