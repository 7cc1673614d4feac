// One GraphProto -> one Graph, with the graphs inside it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "loaders/inline_functions.h"
#include "loaders/onnx_reader.h"
#include "loaders/onnx_tensor.h"
#include "loaders/opsets.h"
#include "loaders/proto_model.h"

namespace keel::loaders {

// What all graphs of one model share while it is read.
struct ModelReading {
  TensorDoor door;
  Opsets opsets;
  std::int64_t ir_version = 0;
  FunctionInliner* functions = nullptr;
  std::deque<onnx::NodeProto>* expanded = nullptr;
  // Names that the model gives nodes, with how often each was given so far.
  std::unordered_map<std::string, int> node_names;
  std::int64_t nodes = 0;  // named so far
  std::vector<UnsupportedNode> unsupported;

  // Notes the names of all nodes, at any depth.
  void collect_node_names(const onnx::GraphProto& graph);
  // A unique name: the node's own, if need be with a number; operator and number where it has none.
  std::string name_node(const onnx::NodeProto& node);
};

class GraphReader {
 public:
  // outer: the reader of the graph around, null for the main graph. record: filled for the writer,
  // may be null.
  GraphReader(ModelReading& model, GraphReader* outer, GraphRecord* record);

  // Throws Error(MalformedModel) for what is no graph in static single assignment form.
  Graph read(onnx::GraphProto& proto);

  // Outer values that the graph names, in the order of its captured inputs and constants.
  struct Capture {
    ValueId outer;
    bool is_input;
  };
  const std::vector<Capture>& captures() const { return captured_; }

 private:
  // A node as it will be read: from the graph itself or from an inlined function.
  struct Source {
    onnx::NodeProto* proto;
    const Opsets* opsets;
    int origin;
    std::string name;  // unique
    bool inlined;
  };

  // A value of that name; kNone where the name is taken, here or around.
  ValueId add_named(const std::string& name);
  ValueId declare(const std::string& name, const char* what);
  bool visible(const std::string& name) const;
  // The value of that name, here or around; kNone where there is none.
  ValueId find(const std::string& name);
  ValueId capture(const std::string& name);
  ValueId add_made_up(const std::string& wish);

  void read_initializers(onnx::GraphProto& proto);
  void add_initializer(const std::string& name, Tensor tensor);
  void read_inputs(const onnx::GraphProto& proto);
  void read_types(const onnx::GraphProto& proto);
  void read_outputs(const onnx::GraphProto& proto);
  TensorType read_type(const onnx::ValueInfoProto& info);
  Dim symbol(const std::string& name);

  void collect_nodes(onnx::GraphProto& proto);
  void declare_outputs(const Source& source, NodeId id);
  void read_constant(const Source& source, NodeId id);
  void read_node(const Source& source, NodeId id);
  void read_attributes(const Source& source, NodeId id);
  void read_subgraph(NodeId id, const std::string& attribute, onnx::GraphProto& proto);
  void check_support(const Node& node, const Source& source);
  void finish_record();

  ModelReading& model_;
  GraphReader* outer_;
  GraphRecord* record_;
  Graph graph_;
  std::unordered_map<std::string, ValueId> names_;
  std::unordered_map<std::string, Dim> symbols_;
  std::vector<Source> sources_;
  std::vector<Capture> captured_;
  std::vector<ValueId> captured_inputs_;
};

}  // namespace keel::loaders
