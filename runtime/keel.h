// Keel: runs ONNX models on CPUs. The only public C++ header.
//
//   auto model = keel::Model::load("resnet50.onnx");
//   auto y = model.run({{"input", image}});      // const, re-entrant, any number of threads
//
// Every function that can fail throws keel::Error; try_load() and try_run() report through a
// Status instead. The library prints nothing and never aborts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#ifndef KEEL_API
#define KEEL_API __attribute__((visibility("default")))
#endif

namespace tbb::detail::d1 {
class task_arena;
}

namespace keel {

// Element types, numbered as in ONNX's TensorProto.DataType.
enum class DataType : std::int32_t {
  Undefined = 0,
  Float = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
};

// ONNX's spelling in lower case: "float", "int64", ...; "undefined" for what is not a type.
KEEL_API std::string_view data_type_name(DataType type);

// The number doubles as the exit code of the keel command.
enum class ErrorCode : int {
  Usage = 2,
  MalformedModel = 3,
  Unsupported = 4,
  BadInput = 5,
  ResourceLimit = 6,
  Io = 7,
  Internal = 70,
  Cancelled = 130,
};

// what() reads "<stage>: node 'conv1' (Conv) attribute 'pads': expected 4 values, got 3"; the
// parts that do not apply are left out. Names from models are escaped and truncated.
class KEEL_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message, std::string node = {}, std::string op = {},
        std::string stage = {});
  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }  // without stage and node
  const std::string& node() const noexcept { return node_; }        // "" where no node is concerned
  const std::string& op() const noexcept { return op_; }
  const std::string& stage() const noexcept { return stage_; }  // "load", "plan", "run", ...

 private:
  ErrorCode code_;
  std::string message_, node_, op_, stage_;
};

// Sizes of the axes, outermost first. Empty: a scalar.
using Shape = std::vector<std::int64_t>;

// A dense row-major array with shared ownership of its bytes: copying a Tensor copies the handle,
// never the data. Elements of type String are std::string objects; 4-bit types are packed two to a
// byte, the first in the low half.
class KEEL_API Tensor {
 public:
  Tensor() = default;
  // Allocates (64-byte aligned, uninitialised except for String). Throws Error(ResourceLimit) when
  // the size overflows or memory runs out, Error(BadInput) for negative sizes.
  Tensor(DataType type, Shape shape);
  // Borrows `data`; `owner` keeps it alive (null: the caller does).
  Tensor(DataType type, Shape shape, void* data, std::shared_ptr<void> owner);

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const;                                   // number of elements
  std::size_t byte_size() const;                               // of the elements, packed
  bool empty() const { return type_ == DataType::Undefined; }  // no tensor at all
  void* data() { return data_; }
  const void* data() const { return data_; }
  // What keeps the bytes alive; null where they are borrowed.
  const std::shared_ptr<void>& owner() const { return owner_; }
  template <typename T>
  T* data_as() {
    return static_cast<T*>(data_);
  }
  template <typename T>
  const T* data_as() const {
    return static_cast<const T*>(data_);
  }

 private:
  DataType type_ = DataType::Undefined;
  Shape shape_;
  void* data_ = nullptr;
  std::shared_ptr<void> owner_;
};

// Builds a tensor from values, for examples and tests: make_tensor<float>({2, 2}, {1, 2, 3, 4}).
template <typename T>
Tensor make_tensor(Shape shape, const std::vector<T>& values);

enum class OptLevel { None, Basic, Full };
// A promise about the result: Fp32 keeps each layer within NME 2e-5 of double arithmetic, Strict
// uses IEEE fp32 products and sums in direct algorithms only, Bf16 may round operands to bf16 where
// the CPU multiplies it (AMX, AVX512_BF16); sums stay fp32.
enum class Precision { Fp32, Strict, Bf16 };

struct Options {
  int threads = 0;           // 0: min(CPU affinity, cgroup cpu.max)
  std::string isa = "auto";  // "auto" honours KEEL_ISA; else a name of simd/targets.cmake
  OptLevel opt = OptLevel::Full;
  Precision precision = Precision::Fp32;
  std::size_t max_memory = 0;                // bytes a plan may take; 0: 80 % of the cgroup's limit
  std::map<std::string, std::int64_t> dims;  // values for symbolic dimensions, by name
  bool flush_denormals = true;               // during a run only; the caller's mode is restored
  bool allow_overridable = false;            // fold initializers that are also graph inputs
  std::string external_root;                 // folder for external data; "": the model's own
  std::size_t plan_cache = 8;                // plans kept, one per set of input shapes
  tbb::detail::d1::task_arena* executor = nullptr;  // the application's own arena, borrowed
};

// One axis of a declared input or output: a size, or a name (both empty/-1: unknown).
struct Dimension {
  std::int64_t size = -1;
  std::string_view name;
};

struct ValueInfo {
  std::string_view name;  // owned by the model
  DataType type = DataType::Undefined;
  bool ranked = false;  // false: the model does not say; dims is then empty
  std::vector<Dimension> dims;
};

// What one pass did or refused, for one node. Codes are those of the folding specification
// (MULTI_USE, GRAPH_OUTPUT, ...); empty where something was done.
struct Decision {
  std::string pass;                  // "fold_batchnorm"
  std::string node;                  // the node looked at
  std::string op;                    // its operator
  bool done = false;                 // false: refused
  std::string pattern;               // "Conv->BatchNormalization"
  std::string code;                  // reason of a refusal
  std::string blocker;               // the node that stands in the way
  std::string message;               // a sentence the user can act on
  double max_scale = 0;              // max |s| of a folded BatchNormalization
  double cancellation = 0;           // max (|s*b| + |t|) / |b'|
  std::vector<std::string> covered;  // nodes of the same chain that share its fate
  std::vector<std::string> rest;     // nodes that do what could not be taken up
};

struct RunOptions {
  std::function<bool()> stop;  // polled between nodes and between chunks; true cancels
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

using NamedTensors = std::map<std::string, Tensor>;

class Session;

// A loaded, optimised model. Immutable; all const members may be called from any thread.
class KEEL_API Model {
 public:
  static Model load(const std::string& path, const Options& options = {});
  static Model load(const void* bytes, std::size_t size, const Options& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const std::vector<ValueInfo>& inputs() const;
  const std::vector<ValueInfo>& outputs() const;

  // All outputs, or those named. Throws Error(BadInput) for a missing, unknown or ill-shaped input.
  NamedTensors run(const NamedTensors& inputs, const std::vector<std::string>& outputs = {},
                   const RunOptions& options = {}) const;
  Session session() const;

  // Bytes a run on inputs of these shapes takes besides the weights.
  std::size_t required_bytes(const std::map<std::string, Shape>& shapes) const;
  const std::vector<Decision>& report() const;
  std::string_view isa() const;
  int threads() const;

  struct State;
  const State& state() const { return *state_; }
  explicit Model(std::shared_ptr<const State> state);

 private:
  std::shared_ptr<const State> state_;
};

// The memory of one caller: buffers are kept from run to run, so that runs on the same shapes
// allocate nothing after the first. Not thread-safe; make one per thread. Keeps its model alive.
class KEEL_API Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Borrows the tensor's bytes until the next bind of the same name.
  void bind_input(std::string_view name, const Tensor& tensor);
  // Results are written here; type and shape must fit. Unbound outputs are allocated.
  void bind_output(std::string_view name, const Tensor& tensor);
  void run(const RunOptions& options = {});
  // The result of the last run; memory of an unbound output is reused by the next run.
  const Tensor& output(std::string_view name) const;

  struct State;
  explicit Session(std::unique_ptr<State> state);
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// The non-throwing forms. ok() or an error as Error would carry it.
struct KEEL_API Status {
  bool ok = true;
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};
KEEL_API Status try_load(const std::string& path, const Options& options,
                         std::unique_ptr<Model>& model);
KEEL_API Status try_run(const Model& model, const NamedTensors& inputs, NamedTensors& outputs);

KEEL_API std::string_view version();

namespace detail {
template <typename T>
constexpr DataType data_type_of() {
  if constexpr (std::is_same_v<T, float>) return DataType::Float;
  if constexpr (std::is_same_v<T, double>) return DataType::Double;
  if constexpr (std::is_same_v<T, std::int8_t>) return DataType::Int8;
  if constexpr (std::is_same_v<T, std::uint8_t>) return DataType::Uint8;
  if constexpr (std::is_same_v<T, std::int16_t>) return DataType::Int16;
  if constexpr (std::is_same_v<T, std::uint16_t>) return DataType::Uint16;
  if constexpr (std::is_same_v<T, std::int32_t>) return DataType::Int32;
  if constexpr (std::is_same_v<T, std::uint32_t>) return DataType::Uint32;
  if constexpr (std::is_same_v<T, std::int64_t>) return DataType::Int64;
  if constexpr (std::is_same_v<T, std::uint64_t>) return DataType::Uint64;
  if constexpr (std::is_same_v<T, bool>) return DataType::Bool;
  if constexpr (std::is_same_v<T, std::string>) return DataType::String;
  return DataType::Undefined;
}
}  // namespace detail

template <typename T>
Tensor make_tensor(Shape shape, const std::vector<T>& values) {
  static_assert(detail::data_type_of<T>() != DataType::Undefined);
  Tensor tensor(detail::data_type_of<T>(), std::move(shape));
  if (tensor.size() != static_cast<std::int64_t>(values.size()))
    throw Error(ErrorCode::BadInput, "make_tensor: the number of values is not the shape's");
  for (std::size_t i = 0; i < values.size(); ++i) tensor.data_as<T>()[i] = values[i];
  return tensor;
}

}  // namespace keel
