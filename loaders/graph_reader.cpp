#include "loaders/graph_reader.h"

#include <algorithm>

#include "loaders/onnx_attribute.h"
#include "loaders/upgrade.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::loaders {
namespace {

[[noreturn]] void malformed(const std::string& what) {
  throw Error(ErrorCode::MalformedModel, what);
}

// Sizes a declaration and a tensor agree on.
bool compatible(const TensorType& declared, const Tensor& tensor) {
  return declared.type == DataType::Undefined || declared.type == tensor.type();
}

}  // namespace

void ModelReading::collect_node_names(const onnx::GraphProto& graph) {
  for (const onnx::NodeProto& node : graph.node()) {
    if (!node.name().empty()) node_names.emplace(node.name(), 0);
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.has_g()) collect_node_names(attribute.g());
  }
}

// Made-up names end in a number that no other has, names given to several nodes in '#' and a
// number, so that the two kinds stay apart.
std::string ModelReading::name_node(const onnx::NodeProto& node) {
  const std::int64_t number = nodes++;
  if (node.name().empty()) {
    std::string name = node.op_type() + "_" + std::to_string(number);
    while (node_names.count(name) != 0) name += '_';
    return name;
  }
  int& count = node_names[node.name()];
  if (count++ == 0) return node.name();
  for (;;) {
    std::string name = node.name() + "#" + std::to_string(++count);
    if (node_names.emplace(name, 1).second) return name;
  }
}

GraphReader::GraphReader(ModelReading& model, GraphReader* outer, GraphRecord* record)
    : model_(model), outer_(outer), record_(record) {
  if (outer == nullptr) return;
  // The same numbers for the same symbols, so that types can pass from graph to graph.
  graph_.symbols = outer->graph_.symbols;
  symbols_ = outer->symbols_;
}

Graph GraphReader::read(onnx::GraphProto& proto) {
  graph_.name = proto.name();
  read_initializers(proto);
  read_inputs(proto);
  collect_nodes(proto);
  graph_.nodes.resize(sources_.size());
  for (std::size_t i = 0; i < sources_.size(); ++i)
    declare_outputs(sources_[i], static_cast<NodeId>(i));
  read_types(proto);
  // Constants first: subgraphs and upgrades want to see them wherever they stand.
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (graph_.nodes[i].op_type == "Constant") read_constant(sources_[i], static_cast<NodeId>(i));
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (graph_.nodes[i].op_type != "Constant") read_node(sources_[i], static_cast<NodeId>(i));
  read_outputs(proto);
  for (const ValueId id : captured_inputs_) graph_.inputs.push_back(id);
  graph_.link();
  finish_record();
  return std::move(graph_);
}

bool GraphReader::visible(const std::string& name) const {
  for (const GraphReader* reader = this; reader != nullptr; reader = reader->outer_)
    if (reader->names_.count(name) != 0) return true;
  return false;
}

ValueId GraphReader::add_named(const std::string& name) {
  if (outer_ != nullptr && outer_->visible(name)) return kNone;
  const auto id = static_cast<ValueId>(graph_.values.size());
  if (!names_.emplace(name, id).second) return kNone;
  return graph_.add_value(name);
}

ValueId GraphReader::declare(const std::string& name, const char* what) {
  if (name.empty()) malformed(str("graph '", printable(graph_.name), "': ", what, " has no name"));
  const ValueId id = add_named(name);
  if (id == kNone) malformed(str(what, " '", printable(name), "' has the name of another value"));
  return id;
}

ValueId GraphReader::find(const std::string& name) {
  const auto it = names_.find(name);
  return it != names_.end() ? it->second : capture(name);
}

ValueId GraphReader::capture(const std::string& name) {
  if (outer_ == nullptr) return kNone;
  const ValueId outer = outer_->find(name);
  if (outer == kNone) return kNone;
  const Value& value = outer_->graph_.values[outer];
  const ValueId id = graph_.add_value(name);
  names_.emplace(name, id);
  Value& inner = graph_.values[id];
  inner.type = value.type;
  const bool is_input = value.constant == nullptr || value.overridable;
  if (is_input) {
    inner.graph_input = true;
    captured_inputs_.push_back(id);
  } else {
    inner.constant = value.constant;
    inner.outer = true;
  }
  captured_.push_back({outer, is_input});
  return id;
}

ValueId GraphReader::add_made_up(const std::string& wish) {
  std::string name = wish;
  for (int i = 2; visible(name); ++i) name = wish + "_" + std::to_string(i);
  const ValueId id = graph_.add_value(name);
  names_.emplace(std::move(name), id);
  return id;
}

void GraphReader::add_initializer(const std::string& name, Tensor tensor) {
  Value& value = graph_.values[declare(name, "initializer")];
  value.type = {tensor.type(), true, tensor.shape()};
  value.constant = std::make_shared<const Tensor>(std::move(tensor));
}

void GraphReader::read_initializers(onnx::GraphProto& proto) {
  for (onnx::TensorProto& tensor : *proto.mutable_initializer())
    add_initializer(tensor.name(), read_tensor(tensor, model_.door));
  for (onnx::SparseTensorProto& tensor : *proto.mutable_sparse_initializer())
    add_initializer(tensor.values().name(), read_sparse_tensor(tensor, model_.door));
}

void GraphReader::read_inputs(const onnx::GraphProto& proto) {
  std::unordered_set<std::string> seen;
  for (const onnx::ValueInfoProto& info : proto.input()) {
    if (!seen.insert(info.name()).second)
      malformed("graph input '" + printable(info.name()) + "' is declared twice");
    const auto initializer = names_.find(info.name());
    if (initializer == names_.end()) {
      const ValueId id = declare(info.name(), "graph input");
      graph_.values[id].graph_input = true;
      graph_.values[id].type = read_type(info);
      graph_.inputs.push_back(id);
      if (!info.type().has_tensor_type() && outer_ == nullptr)
        model_.unsupported.push_back({info.name(), "graph input", "", 0, "is no tensor"});
      continue;
    }
    Value& value = graph_.values[initializer->second];
    if (!compatible(read_type(info), *value.constant))
      malformed("graph input '" + printable(info.name()) + "' and its initializer differ in type");
    // Before IR version 4 every initializer had to be listed as an input.
    if (model_.ir_version < 4) continue;
    value.graph_input = true;
    value.overridable = true;
    graph_.inputs.push_back(initializer->second);
  }
}

Dim GraphReader::symbol(const std::string& name) {
  const auto [it, added] = symbols_.emplace(name, 0);
  if (added) {
    graph_.symbols.push_back(name);
    it->second = kUnknownDim - static_cast<Dim>(graph_.symbols.size());
  }
  return it->second;
}

TensorType GraphReader::read_type(const onnx::ValueInfoProto& info) {
  TensorType type;
  if (!info.has_type() || info.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) return type;
  if (!info.type().has_tensor_type()) return type;
  const std::string what = "value '" + printable(info.name()) + "'";
  const onnx::TypeProto_Tensor& tensor = info.type().tensor_type();
  type.type = checked_type(tensor.elem_type(), what);
  if (!tensor.has_shape()) return type;
  type.ranked = true;
  if (tensor.shape().dim_size() > kMaxRank)
    throw Error(ErrorCode::Unsupported,
                str(what, " has rank ", tensor.shape().dim_size(), "; the limit is ", kMaxRank));
  for (const onnx::TensorShapeProto_Dimension& dim : tensor.shape().dim()) {
    if (dim.has_dim_value())
      type.dims.push_back(dim.dim_value() >= 0 ? dim.dim_value() : kUnknownDim);
    else
      type.dims.push_back(dim.dim_param().empty() ? kUnknownDim : symbol(dim.dim_param()));
  }
  return type;
}

void GraphReader::read_types(const onnx::GraphProto& proto) {
  for (const auto* list : {&proto.output(), &proto.value_info()})
    for (const onnx::ValueInfoProto& info : *list) {
      const auto it = names_.find(info.name());
      if (it == names_.end()) continue;
      Value& value = graph_.values[it->second];
      if (value.type.type == DataType::Undefined) value.type = read_type(info);
    }
}

void GraphReader::read_outputs(const onnx::GraphProto& proto) {
  std::unordered_set<std::string> seen;
  for (const onnx::ValueInfoProto& info : proto.output()) {
    if (!seen.insert(info.name()).second)
      malformed("graph output '" + printable(info.name()) + "' is declared twice");
    const ValueId id = find(info.name());
    if (id == kNone)
      malformed("graph output '" + printable(info.name()) + "' is not produced by any node");
    graph_.values[id].graph_output = true;
    graph_.outputs.push_back(id);
    graph_.output_names.push_back(info.name());
  }
}

void GraphReader::collect_nodes(onnx::GraphProto& proto) {
  const auto count = static_cast<std::size_t>(proto.node_size());
  sources_.reserve(count);
  names_.reserve(names_.size() + count);
  graph_.values.reserve(graph_.values.size() + count);
  std::vector<InlinedNode> body;
  for (int i = 0; i < proto.node_size(); ++i) {
    onnx::NodeProto& node = *proto.mutable_node(i);
    const std::string name = model_.name_node(node);
    if (!model_.functions->is_call(node)) {
      sources_.push_back({&node, &model_.opsets, i, name, false});
      continue;
    }
    body.clear();
    model_.functions->expand(node, name, *model_.expanded, body);
    for (const InlinedNode& inner : body) {
      const Opsets* opsets = inner.opsets->empty() ? &model_.opsets : inner.opsets;
      sources_.push_back({inner.node, opsets, i, model_.name_node(*inner.node), true});
    }
  }
}

void GraphReader::declare_outputs(const Source& source, NodeId id) {
  Node& node = graph_.nodes[id];
  node.name = source.name;
  node.op_type = source.proto->op_type();
  node.domain = normal_domain(source.proto->domain());
  node.origin = source.origin;
  const auto version = source.opsets->find(node.domain);
  if (version != source.opsets->end())
    node.version = static_cast<int>(std::min<std::int64_t>(version->second, 1 << 20));
  else if (node.domain.empty())
    node.fail(ErrorCode::MalformedModel, "the operator set of ai.onnx is not imported");
  for (const std::string& name : source.proto->output()) {
    if (name.empty()) {
      node.outputs.push_back(kNone);
      continue;
    }
    const ValueId value = add_named(name);
    if (value == kNone)
      node.fail(ErrorCode::MalformedModel,
                "output '" + printable(name) + "' has the name of another value");
    graph_.values[value].producer = id;
    node.outputs.push_back(value);
  }
}

void GraphReader::finish_record() {
  if (record_ == nullptr) return;
  record_->nodes = graph_.nodes;
  record_->outputs = graph_.outputs;
  for (const Value& value : graph_.values) {
    record_->constants.push_back(value.constant);
    record_->value_names.push_back(value.name);
  }
  for (const Source& source : sources_) {
    record_->protos.push_back(source.proto);
    record_->inlined.push_back(source.inlined);
  }
}

}  // namespace keel::loaders
