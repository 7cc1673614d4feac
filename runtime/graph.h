// The graph of a model: values and nodes by integer id, plain structs.
//
// Only Patch (patch.h) changes a graph after the reader has built it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/tensor.h"
#include "simd/activation.h"

namespace keel {

using ValueId = std::int32_t;
using NodeId = std::int32_t;
constexpr std::int32_t kNone = -1;  // an absent optional input or output, no producer

// A dimension of a value: >= 0 a size; kUnknownDim nothing known; below that a symbol, so that two
// dims with the same negative number other than kUnknownDim are equal at run time.
using Dim = std::int64_t;
constexpr Dim kUnknownDim = -1;

struct TensorType {
  DataType type = DataType::Undefined;  // Undefined: not known yet
  bool ranked = false;                  // false: nothing known of dims
  Shape dims;                           // sizes, kUnknownDim or symbols

  std::int64_t rank() const { return static_cast<std::int64_t>(dims.size()); }
  bool is_static() const;  // ranked, and every dim is a size
};

struct Graph;

struct Value {
  std::string name;
  TensorType type;
  Layout layout = Layout::Plain;
  NodeId producer = kNone;
  std::vector<NodeId> users;  // once per use; subgraph captures count
  // The value, where it is known before any run; its bytes lie in `layout`. A value with a constant
  // may still have a producer (a Constant node), which then need not run.
  std::shared_ptr<const Tensor> constant;
  bool graph_input = false;
  bool graph_output = false;
  bool overridable = false;  // an initializer that is also a graph input
  bool outer = false;        // a constant of a graph around this one
  bool changed = false;      // a patch gave it another meaning; its name says no longer what it is
};

using Attribute =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                 std::vector<std::string>, Tensor, std::shared_ptr<Graph>>;

// What a node does to its result before storing it: act(result + residual). Only operators whose
// OpDef says `epilogue` may carry one. The residual is an extra, last input of the node.
struct Epilogue {
  bool residual = false;
  simd::Activation activation = {};
  bool empty() const { return !residual && activation.kind == simd::ActivationKind::None; }
};

// What a node does to its first input X [N, C, spatial] before using it: act((X - mean) * s + b)
// per channel, the batch normalization that could not be folded. Only operators whose OpDef says
// `prologue` may carry one. mean, s and b are an extra input of the node, the constant
// [ceil(C / 16), 3, 16].
struct Prologue {
  std::size_t slot = 0;  // of that input; 0: no prologue
  simd::Activation activation = {};
  bool empty() const { return slot == 0; }
};

struct Node {
  std::string name;  // unique; made up by the reader where the model has none
  std::string op_type;
  std::string domain;  // "" for ai.onnx; "keel" for operators that passes introduce
  int version = 0;     // opset of the domain in the model
  std::vector<ValueId> inputs, outputs;
  std::vector<ValueId> captured;  // outer values its subgraphs name
  std::map<std::string, Attribute> attributes;
  Epilogue epilogue;
  Prologue prologue;
  int origin = kNone;    // index of the NodeProto it came from in the main graph
  bool changed = false;  // a patch touched it
  bool removed = false;

  bool has_input(std::size_t i) const { return i < inputs.size() && inputs[i] != kNone; }
  bool has_output(std::size_t i) const { return i < outputs.size() && outputs[i] != kNone; }

  // Attributes by name with their default. Throw Error(MalformedModel) on another type.
  bool has(const std::string& attribute) const { return attributes.count(attribute) != 0; }
  std::int64_t int_or(const std::string& attribute, std::int64_t fallback) const;
  float float_or(const std::string& attribute, float fallback) const;
  std::string string_or(const std::string& attribute, const std::string& fallback) const;
  std::vector<std::int64_t> ints_or(const std::string& attribute,
                                    const std::vector<std::int64_t>& fallback) const;
  std::vector<float> floats_or(const std::string& attribute,
                               const std::vector<float>& fallback) const;

  // Throws Error(MalformedModel) "node 'n' (Op) attribute 'a': <message>".
  [[noreturn]] void fail_attribute(const std::string& attribute, const std::string& message) const;
  // Throws Error(code) "node 'n' (Op): <message>".
  [[noreturn]] void fail(ErrorCode code, const std::string& message) const;
};

struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;      // by id; removed ones stay, marked
  std::vector<NodeId> order;    // live nodes, producers before users
  std::vector<ValueId> inputs;  // without those that are only initializers
  std::vector<ValueId> outputs;
  // Of a subgraph: its last captures.size() inputs stand for values of the graph around it.
  // inputs[inputs.size() - captures.size() + i] is Node::captured[captures[i]] of the node that
  // holds the subgraph. (A captured constant is a constant here too, and no input.)
  std::vector<std::size_t> captures;
  std::vector<std::string> output_names;  // as the model declares them; outputs may be replaced
  std::vector<std::string> symbols;       // symbol k is the dim kUnknownDim - 1 - k

  Dim symbol(const std::string& name);  // the dim of that name, added if new
  // "N" for a symbol, "?" for kUnknownDim, else the number.
  std::string dim_text(Dim dim) const;
  std::string shape_text(const TensorType& type) const;

  ValueId add_value(std::string name);  // name made unique
  const Tensor* constant(ValueId id) const {
    return id == kNone ? nullptr : values[id].constant.get();
  }

  // Rebuilds producer, users and a topological order. Throws Error(MalformedModel) on a cycle, a
  // value with two producers, or a use of a value that nothing produces.
  void link();
  // Asserts the invariants link() establishes; throws Error(Internal) when a patch broke one.
  void check() const;
};

}  // namespace keel
