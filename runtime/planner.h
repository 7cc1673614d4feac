// From a graph and concrete input shapes to a Plan: what runs in which order, and where every value
// lies in memory.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/op.h"

namespace keel {

// Where the bytes of a value are during a run.
enum class Place : std::uint8_t {
  Nowhere,   // not used in this plan
  Constant,  // in a tensor that the model or the plan holds
  Input,     // the caller's tensor
  Output,    // the caller's result tensor
  Arena,     // the session's block, at an offset
  Dynamic,   // a buffer of its own, sized during the run
  Alias,     // the bytes of another value, at an offset
};

struct Storage {
  Place place = Place::Nowhere;
  ValueId root = kNone;    // Alias: whose bytes
  std::size_t offset = 0;  // Arena: in the block; Alias: behind the root's first byte
};

struct Step {
  NodeId node;
  const OpDef* op;
  Kernel kernel;
  bool dynamic = false;  // shapes are inferred and the kernel prepared during the run
  bool view = false;     // nothing to run
};

// Immutable; shared by sessions.
struct Plan {
  std::vector<Shape> input_shapes;  // of Graph::inputs, the key of the plan
  std::vector<TensorRef> tensors;   // by value id; data set for constants only
  std::vector<Storage> storage;     // by value id
  std::vector<Step> steps;
  std::vector<std::shared_ptr<const Tensor>> computed;  // values found while planning
  std::size_t arena_bytes = 0;
  std::size_t scratch_per_thread = 0, scratch_shared = 0;
  std::size_t output_bytes = 0;
  std::size_t required_bytes(int threads) const {
    return arena_bytes + scratch_per_thread * static_cast<std::size_t>(threads) + scratch_shared +
           output_bytes;
  }
};

struct PlanSettings {
  const simd::KernelTable& kernels;
  int threads;
  Precision precision;
  std::size_t max_memory;  // bytes; refused before anything is allocated
};

// What the plans of a model share: weights in packed form, and which constants may go.
struct PlanWeights {
  PackCache packs;
  bool drop = false;       // constants that every kernel has packed are replaced by dropped_form()
  std::vector<bool> read;  // by value id: the run of some plan reads it
};

// input_shapes: one per Graph::inputs. Kernels are prepared, and weights packed, on the threads of
// `parallel`. Of the graph, constants may be dropped and nothing else changes. Throws Error with
// stage "plan", and ConstantDropped.
std::shared_ptr<const Plan> make_plan(Graph& graph, const std::vector<Shape>& input_shapes,
                                      const PlanSettings& settings, PlanWeights& weights,
                                      Parallel& parallel);

// Assigns arena offsets to values with Place::Arena from the steps between their first write and
// last read (memory_plan.cpp), merging in-place operators, views and aligned Concats into Aliases.
void place_values(const Graph& graph, Plan& plan);

}  // namespace keel
