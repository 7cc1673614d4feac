// The part of GraphWriter that writes constants, and drops what is of no use any more.
#include <algorithm>

#include "loaders/graph_writer.h"
#include "loaders/proto_tensor.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

namespace keel::loaders {
namespace {

bool is_live_constant(const Graph& graph, const Value& value) {
  if (value.constant == nullptr || (value.users.empty() && !value.graph_output)) return false;
  return value.producer == kNone || graph.nodes[value.producer].removed;
}

// Takes the elements for which `drop` holds out of the list, the others in order.
template <typename List, typename Drop, typename Park>
void take_out(List& list, Drop&& drop, Park&& park) {
  int kept = 0;
  for (int i = 0; i < list.size(); ++i) {
    if (drop(list[i]))
      park(*list.Mutable(i));
    else
      list.SwapElements(kept++, i);
  }
  list.DeleteSubrange(kept, list.size() - kept);
}

// The declared sizes, where all are known and differ from those of the graph.
bool contradicts(const onnx::ValueInfoProto& info, const TensorType& type) {
  if (!info.type().has_tensor_type() || !type.is_static()) return false;
  const onnx::TypeProto_Tensor& declared = info.type().tensor_type();
  if (declared.elem_type() != static_cast<std::int32_t>(type.type)) return true;
  if (!declared.has_shape()) return false;
  if (declared.shape().dim_size() != static_cast<int>(type.dims.size())) return true;
  for (int i = 0; i < declared.shape().dim_size(); ++i) {
    const auto& dim = declared.shape().dim(i);
    if (dim.has_dim_value() && dim.dim_value() >= 0 &&
        dim.dim_value() != type.dims[static_cast<std::size_t>(i)])
      return true;
  }
  return false;
}

void set_type(const Tensor& tensor, onnx::ValueInfoProto& info) {
  onnx::TypeProto_Tensor& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(static_cast<std::int32_t>(tensor.type()));
  type.clear_shape();
  type.mutable_shape();
  for (const std::int64_t dim : tensor.shape()) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

}  // namespace

// By now the nodes are written: what they name and nothing defines becomes an initializer.
void GraphWriter::write_constants() {
  std::unordered_map<std::string, onnx::TensorProto*> initializers;
  for (onnx::TensorProto& tensor : *proto_.mutable_initializer())
    initializers[tensor.name()] = &tensor;
  const NameSet used = used_names(proto_), defined = defined_names(proto_);
  std::vector<std::pair<std::string, ValueId>> missing;
  NameSet replaced;  // sparse initializers that are others now
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const Value& value = graph_.values[i];
    const auto id = static_cast<ValueId>(i);
    const auto written = written_names_.find(id);
    const std::string& name = written != written_names_.end() ? written->second : value.name;
    if (!is_live_constant(graph_, value) || used.count(name) == 0) continue;
    const bool old = i < record_.constants.size();
    const bool same = old && record_.constants[i] == value.constant && reshaped_.count(id) == 0;
    const auto initializer = initializers.find(name);
    // In a subgraph: a constant of a graph around it.
    const bool outer = old && used_before_.count(name) != 0 && defined_before_.count(name) == 0;
    if (initializer != initializers.end()) {
      if (!same) update_initializer(id, *initializer->second);
    } else if (!outer && (defined.count(name) == 0 || !same)) {
      if (defined.count(name) != 0) replaced.insert(name);
      missing.emplace_back(name, id);
    }
  }
  take_out(
      *proto_.mutable_sparse_initializer(),
      [&](const onnx::SparseTensorProto& tensor) {
        return replaced.count(tensor.values().name()) != 0;
      },
      [&](onnx::SparseTensorProto& tensor) {
        model_.messages.dropped.add_sparse_initializer()->Swap(&tensor);
      });
  for (const auto& [name, id] : missing) add_initializer(name, id);
}

Tensor GraphWriter::written_tensor(ValueId id) const {
  const Tensor& tensor = *graph_.values[id].constant;
  const auto reshaped = reshaped_.find(id);
  if (reshaped == reshaped_.end()) return tensor;
  return Tensor(tensor.type(), reshaped->second, const_cast<void*>(tensor.data()), nullptr);
}

void GraphWriter::update_initializer(ValueId id, onnx::TensorProto& proto) {
  const Tensor tensor = written_tensor(id);
  onnx::TensorProto fresh;
  fresh.set_name(proto.name());
  if (proto.has_doc_string()) fresh.set_doc_string(proto.doc_string());
  *fresh.mutable_unknown_fields() = proto.unknown_fields();
  write_tensor(tensor, fresh);
  proto.Swap(&fresh);
  if (model_.release_replaced) delete fresh.release_raw_data();
  model_.messages.dropped.add_initializer()->Swap(&fresh);
  for (onnx::ValueInfoProto& info : *proto_.mutable_input())
    if (info.name() == proto.name()) set_type(tensor, info);
}

void GraphWriter::add_initializer(const std::string& name, ValueId id) {
  const Tensor tensor = written_tensor(id);
  onnx::TensorProto& proto = *proto_.add_initializer();
  proto.set_name(name);
  write_tensor(tensor, proto);
  // Before IR version 4 initializers had to be listed among the inputs.
  if (model_.ir_version >= 4) return;
  onnx::ValueInfoProto& info = *proto_.add_input();
  info.set_name(name);
  set_type(tensor, info);
}

// Only what lost its last user by the patches: what had none before stays.
void GraphWriter::drop_unused_initializers() {
  const NameSet used = used_names(proto_);
  const auto unused = [&](const std::string& name) {
    return used_before_.count(name) != 0 && used.count(name) == 0 && model_.kept.count(name) == 0;
  };
  NameSet gone;
  take_out(
      *proto_.mutable_initializer(),
      [&](const onnx::TensorProto& tensor) { return unused(tensor.name()); },
      [&](onnx::TensorProto& tensor) {
        gone.insert(tensor.name());
        model_.messages.dropped.add_initializer()->Swap(&tensor);
      });
  take_out(
      *proto_.mutable_sparse_initializer(),
      [&](const onnx::SparseTensorProto& tensor) { return unused(tensor.values().name()); },
      [&](onnx::SparseTensorProto& tensor) {
        gone.insert(tensor.values().name());
        model_.messages.dropped.add_sparse_initializer()->Swap(&tensor);
      });
  take_out(
      *proto_.mutable_input(),
      [&](const onnx::ValueInfoProto& info) { return gone.count(info.name()) != 0; },
      [](onnx::ValueInfoProto&) {});
}

// Types and annotations of values that are no more, and types that no longer hold.
void GraphWriter::drop_stale_infos() {
  const NameSet defined = defined_names(proto_);
  std::unordered_map<std::string, const TensorType*> types;
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const auto written = written_names_.find(static_cast<ValueId>(i));
    types[written != written_names_.end() ? written->second : graph_.values[i].name] =
        &graph_.values[i].type;
  }
  take_out(
      *proto_.mutable_value_info(),
      [&](const onnx::ValueInfoProto& info) {
        if (defined_before_.count(info.name()) == 0) return false;
        if (defined.count(info.name()) == 0) return true;
        const auto type = types.find(info.name());
        return type != types.end() && contradicts(info, *type->second);
      },
      [](onnx::ValueInfoProto&) {});
  take_out(
      *proto_.mutable_quantization_annotation(),
      [&](const onnx::TensorAnnotation& annotation) {
        return defined_before_.count(annotation.tensor_name()) != 0 &&
               defined.count(annotation.tensor_name()) == 0;
      },
      [](onnx::TensorAnnotation&) {});
}

}  // namespace keel::loaders
