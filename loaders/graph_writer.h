// The changes of one Graph carried over to the GraphProto it was read from.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "loaders/opsets.h"
#include "loaders/proto_model.h"
#include "loaders/proto_names.h"

namespace keel::loaders {

// What the graphs of one model share while they are written.
struct ModelWriting {
  Messages& messages;
  Opsets opsets;
  std::int64_t ir_version = 0;
  NameSet names;  // every value's name in the model, new ones included
  NameSet kept;   // names used outside the graphs, by training information
  bool release_replaced = false;
};

// True where a patch changed the graph, or one inside it.
bool is_changed(const Graph& graph, const GraphRecord& record);

class GraphWriter {
 public:
  // captured: the written names of the graph's captured inputs, in order; empty for the main graph.
  GraphWriter(ModelWriting& model, const Graph& graph, const GraphRecord& record,
              onnx::GraphProto& proto, std::vector<std::string> captured);

  void write();

 private:
  // Nodes that are written together: one node, or the call of a function no patch touched.
  struct Unit {
    std::vector<NodeId> ids;
    onnx::NodeProto* call = nullptr;
    bool done = false;
  };

  const std::string& name_of(ValueId id);
  bool from_file(NodeId id) const { return id < static_cast<NodeId>(record_.nodes.size()); }

  void name_captured(const std::vector<std::string>& captured);
  void name_outputs();
  bool take_output_name(ValueId id, const std::string& name);

  void make_units();
  void write_nodes();
  void write_unit(Unit& unit);
  std::vector<std::size_t> missing_producers(const Unit& unit) const;
  onnx::NodeProto& add_written();

  void write_new_node(NodeId id);
  void write_old_node(NodeId id);
  void update_slots(NodeId id, onnx::NodeProto& proto);
  void update_attributes(NodeId id, onnx::NodeProto& proto);
  void write_constant_node(NodeId id, onnx::NodeProto& proto);
  void write_subgraphs(NodeId id, onnx::NodeProto& proto);
  void import_domain(const Node& node, bool must_match);
  void fit_opset(NodeId id, onnx::NodeProto& proto);
  void fit_broadcast(NodeId id, onnx::NodeProto& proto);
  void inputs_to_attributes(NodeId id, onnx::NodeProto& proto);

  void write_constants();
  void update_initializer(ValueId id, onnx::TensorProto& proto);
  void add_initializer(const std::string& name, ValueId id);
  Tensor written_tensor(ValueId id) const;
  void drop_unused_initializers();
  void drop_stale_infos();

  ModelWriting& model_;
  const Graph& graph_;
  const GraphRecord& record_;
  onnx::GraphProto& proto_;
  NameSet defined_before_, used_before_;
  std::unordered_map<ValueId, std::string> written_names_;
  Renames renames_;  // of names that are in the file
  std::vector<Unit> units_;
  std::vector<std::size_t> unit_of_;  // by node
  google::protobuf::RepeatedPtrField<onnx::NodeProto> written_;
  std::vector<std::pair<std::string, ValueId>> identities_;  // output name, value it repeats
  std::unordered_map<ValueId, Shape> reshaped_;              // constants written in another shape
};

}  // namespace keel::loaders
