// The contract of an operator. One operator (or one tight family) is one file in ops/, which
// defines `void keel::ops::<file name>(OpTable&)`; CMake derives the list from the file names.
//
//   infer    types and shapes of the outputs, from types, shapes and known values of the inputs
//   layout   which inputs it wants and which outputs it gives in NCHW16c (optional)
//   prepare  for concrete shapes: checks, chooses a kernel, packs weights, returns what runs
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/graph.h"
#include "runtime/parallel.h"
#include "simd/prologue.h"

namespace keel {

namespace simd {
struct KernelTable;
}

// Inputs of a node as infer sees them. Dims may be symbolic; values are known for constants, and
// for everything the planner could compute from shapes alone.
class InferContext {
 public:
  struct Input {
    TensorType type;
    const Tensor* value = nullptr;  // null: not known
  };
  InferContext(const Node& node, std::vector<Input> inputs)
      : node(node), inputs_(std::move(inputs)), outputs_(node.outputs.size()) {}

  const Node& node;

  std::size_t input_count() const { return inputs_.size(); }
  bool has_input(std::size_t i) const { return node.has_input(i); }
  // Fails with "too few inputs" where absent.
  const TensorType& input(std::size_t i) const;
  DataType type(std::size_t i) const { return input(i).type; }
  std::int64_t rank(std::size_t i) const { return input(i).rank(); }
  Dim dim(std::size_t i, std::int64_t axis) const { return input(i).dims[axis]; }
  const Tensor* value(std::size_t i) const;
  // The elements of a known int32/int64 input as int64; nullopt where not known.
  std::optional<std::vector<std::int64_t>> ints(std::size_t i) const;
  // axis in [-rank, rank) made non-negative; fails otherwise, naming the attribute.
  std::int64_t axis(std::int64_t axis, std::int64_t rank, const char* attribute = "axis") const;

  // An absent output is ignored. A dim that is not known: kUnknownDim. unranked: no dims known.
  void set_output(std::size_t i, DataType type, Shape dims);
  void set_unranked(std::size_t i, DataType type);
  const std::vector<TensorType>& outputs() const { return outputs_; }

  // Fails unless the type of input i is one of `allowed`.
  void expect_type(std::size_t i, std::initializer_list<DataType> allowed) const;
  void expect_rank(std::size_t i, std::int64_t lowest, std::int64_t highest) const;

 private:
  std::vector<Input> inputs_;
  std::vector<TensorType> outputs_;
};

// numpy broadcasting with unknown and symbolic dims. Fails, naming the node, where sizes clash.
Shape broadcast(const Node& node, const Shape& a, const Shape& b);

class RunContext;

// What prepare decided for one set of shapes. Immutable and shared by all sessions of the plan.
struct Kernel {
  std::function<void(RunContext&)> run;
  std::size_t scratch_per_thread = 0;  // bytes, 64-byte aligned, contents undefined
  std::size_t scratch_shared = 0;
  std::string name;  // what a profile shows: "conv3x3 direct 1x14x32"
  std::string note;  // and why no faster kernel: "winograd: stride 2x2"
  double flops = 0;
  // Bit i set: prepare packed constant input i, and `run` does not read it; once all its users have
  // done so, the constant itself is dropped.
  std::uint64_t packed_inputs = 0;
};

// Thrown while a plan is made that needs a constant which was dropped after an earlier plan had
// packed it: it is read again, and kept from then on.
struct ConstantDropped {};

// What stands for a dropped constant: its type and shape, without bytes.
std::shared_ptr<const Tensor> dropped_form(const Tensor& constant);
bool is_dropped(const Tensor& constant);

// Weights in the form kernels want, computed once per model and shared by all plans.
class PackCache {
 public:
  // The bytes under `key`, made by `make` on the first call. Thread-safe; different keys are made
  // at the same time.
  std::shared_ptr<const Tensor> get(const std::string& key, const std::function<Tensor()>& make);
  std::size_t bytes() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;

 public:
  PackCache();
};

// Concrete inputs and outputs of one node while a plan is made.
class PrepareContext {
 public:
  const Node& node;
  std::vector<TensorRef> inputs;   // data null unless the value is constant
  std::vector<TensorRef> outputs;  // data null; a dim may be kUnknownDim (then run allocates)
  std::vector<std::shared_ptr<const Tensor>> constants;  // null where not constant
  const simd::KernelTable& kernels;
  int threads = 1;
  Precision precision = Precision::Fp32;
  PackCache* packs = nullptr;  // null: nothing is kept (one-off evaluation)
  // For `take`.
  std::function<std::shared_ptr<Tensor>(std::size_t)> take_constant = nullptr;

  bool has_input(std::size_t i) const { return node.has_input(i); }
  bool is_constant(std::size_t i) const { return i < constants.size() && constants[i] != nullptr; }
  // Packed weights under the node's name and `key`; the closure keeps the pointer. Throws
  // ConstantDropped where they are yet to be made and a constant is gone.
  std::shared_ptr<const Tensor> pack(const std::string& key,
                                     const std::function<Tensor()>& make) const;
  // Constant i, whose bytes `make` above may then overwrite; from here on it counts as dropped, so
  // the kernel must have packed it. Null where something else may need it.
  std::shared_ptr<Tensor> take(std::size_t i) const {
    return take_constant ? take_constant(i) : nullptr;
  }
};

// A node during a run. Indices are those of the node's inputs and outputs.
class RunContext {
 public:
  const Node& node;
  const TensorRef* const* inputs;  // null pointers where absent
  TensorRef* const* outputs;
  Parallel& parallel;
  std::byte* shared_scratch = nullptr;
  std::byte* thread_scratch_base = nullptr;
  std::size_t thread_scratch_stride = 0;
  // Gives an output whose shape only the run knows its memory; sets dims and data.
  std::function<void(std::size_t, const Shape&)> allocate_output;

  bool has_input(std::size_t i) const { return node.has_input(i); }
  bool has_output(std::size_t i) const { return node.has_output(i); }
  const TensorRef& input(std::size_t i) const { return *inputs[i]; }
  TensorRef& output(std::size_t i) const { return *outputs[i]; }
  template <typename T>
  const T* in(std::size_t i) const {
    return inputs[i]->as<T>();
  }
  template <typename T>
  T* out(std::size_t i) const {
    return outputs[i]->as<T>();
  }
  std::byte* scratch(int thread) const {
    return thread_scratch_base + static_cast<std::size_t>(thread) * thread_scratch_stride;
  }
};

// Node::prologue for the kernels, from channel block `block` on; none where the node has none.
simd::Prologue prologue_of(const RunContext& run, std::int64_t block = 0);

// Bit i set: input (output) i in Blocked16; beyond 63 everything is plain. A pass places the
// reorders.
struct LayoutChoice {
  std::uint64_t blocked_inputs = 0;
  std::uint64_t blocked_outputs = 0;
};

// What `layout` decides from: the node, the types of its inputs and which of them lie in Blocked16
// already.
struct LayoutQuery {
  const Node& node;
  std::vector<TensorType> inputs;
  std::vector<TensorType> outputs;
  std::vector<const Tensor*> values;  // of constant inputs, else null
  std::uint64_t blocked_inputs = 0;
};

LayoutQuery layout_query(const Graph& graph, const Node& node);

// True where `type` is float with rank >= 3 (N, C, at least one spatial axis) and a known C.
bool can_block(const TensorType& type);

struct OpDef {
  std::string_view domain;  // "" or "keel"
  std::string_view name;
  int since = 1;  // first opset that has it, after the reader's upgrades
  void (*infer)(InferContext&) = nullptr;
  Kernel (*prepare)(const PrepareContext&) = nullptr;
  LayoutChoice (*layout)(const LayoutQuery&) = nullptr;  // null: plain everywhere
  bool in_place = false;    // output 0 may overwrite an input of the same type and byte size
  bool view = false;        // output 0 is input 0 under another shape; prepare is not called
  bool shape_only = false;  // reads the shapes of its inputs, never their data
  bool epilogue = false;    // honours Node::epilogue
  // Whether Node::prologue can be honoured on such a node in NCHW16c; null: never.
  bool (*takes_prologue)(const LayoutQuery&) = nullptr;
  // float16 and bfloat16 tensors are widened to float for prepare and run and the results rounded
  // once; infer still sees the stored types.
  bool half_through_float = false;
};

class OpTable {
 public:
  void add(const OpDef& def);
  const OpDef* find(std::string_view domain, std::string_view name) const;
  const std::vector<OpDef>& all() const { return defs_; }

 private:
  std::vector<OpDef> defs_;
  std::unordered_map<std::string, std::size_t> index_;
};

// Every operator of ops/. Built on first use, thread-safe.
const OpTable& op_table();

// The definition for a node; throws Error(Unsupported) naming node and operator.
const OpDef& op_of(const Node& node);

// Runs one node on the given inputs (null: absent) and returns its outputs. Plain layout only.
std::vector<Tensor> evaluate(const Node& node, const std::vector<const Tensor*>& inputs);

}  // namespace keel
