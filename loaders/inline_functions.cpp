#include "loaders/inline_functions.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "runtime/error.h"

namespace keel::loaders {
namespace {

constexpr int kMaxCallDepth = 32;
constexpr std::int64_t kMaxNodes = 1'000'000;
constexpr std::int64_t kMaxExpandedBytes = 64 << 20;  // besides 8 x the model's own

// Strings or messages of a field that this version of onnx.proto does not know.
std::vector<std::string> unknown_field(const std::string& unknown, int number) {
  std::vector<std::string> found;
  google::protobuf::io::ArrayInputStream stream(unknown.data(), static_cast<int>(unknown.size()));
  google::protobuf::io::CodedInputStream in(&stream);
  while (const std::uint32_t tag = in.ReadTag()) {
    std::uint64_t ignored = 0;
    std::uint32_t length = 0;
    std::string bytes;
    switch (tag & 7) {
      case 0:
        if (!in.ReadVarint64(&ignored)) return found;
        break;
      case 1:
        if (!in.Skip(8)) return found;
        break;
      case 2:
        if (!in.ReadVarint32(&length) || !in.ReadString(&bytes, static_cast<int>(length)))
          return found;
        if (static_cast<int>(tag >> 3) == number) found.push_back(std::move(bytes));
        break;
      case 5:
        if (!in.Skip(4)) return found;
        break;
      default:
        return found;
    }
  }
  return found;
}

// Fields of newer versions of onnx.proto.
constexpr int kNodeOverload = 8, kFunctionDefaults = 11, kFunctionOverload = 13;

std::string overload(const std::string& unknown, int number) {
  const auto found = unknown_field(unknown, number);
  return found.empty() ? "" : found.back();
}

std::string key_of(const std::string& domain, const std::string& name,
                   const std::string& overload) {
  return normal_domain(domain) + '\n' + name + '\n' + overload;
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// Renames everything inside a function's body for one call.
class Renaming {
 public:
  Renaming(const onnx::NodeProto& call, std::string prefix)
      : call_(call), prefix_(std::move(prefix)) {}

  std::unordered_map<std::string, std::string> values;
  const std::unordered_map<std::string, onnx::AttributeProto>* defaults = nullptr;

  std::string value(const std::string& name) const {
    if (name.empty()) return name;
    const auto it = values.find(name);
    return it != values.end() ? it->second : prefix_ + name;
  }

  void node(onnx::NodeProto& node) const {
    for (std::string& name : *node.mutable_input()) name = value(name);
    for (std::string& name : *node.mutable_output()) name = value(name);
    node.set_name(prefix_ + (node.name().empty() ? node.op_type() : node.name()));
    fill_references(node);
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) graph(*attribute.mutable_g());
      for (onnx::GraphProto& body : *attribute.mutable_graphs()) graph(body);
    }
  }

 private:
  void graph(onnx::GraphProto& graph) const {
    const auto rename = [this](auto* list) {
      for (auto& item : *list) item.set_name(value(item.name()));
    };
    rename(graph.mutable_input());
    rename(graph.mutable_output());
    rename(graph.mutable_value_info());
    rename(graph.mutable_initializer());
    for (auto& sparse : *graph.mutable_sparse_initializer())
      sparse.mutable_values()->set_name(value(sparse.values().name()));
    for (onnx::NodeProto& inner : *graph.mutable_node()) node(inner);
  }

  // Attributes that refer to one of the call: its value under the name it has here, the function's
  // default, or nothing.
  void fill_references(onnx::NodeProto& node) const {
    auto& attributes = *node.mutable_attribute();
    for (int i = attributes.size() - 1; i >= 0; --i) {
      if (attributes[i].ref_attr_name().empty()) continue;
      const onnx::AttributeProto* given = attribute(attributes[i].ref_attr_name());
      if (given == nullptr) {
        attributes.DeleteSubrange(i, 1);
        continue;
      }
      const std::string name = attributes[i].name();
      attributes[i] = *given;
      attributes[i].set_name(name);
    }
  }

  const onnx::AttributeProto* attribute(const std::string& name) const {
    for (const onnx::AttributeProto& given : call_.attribute())
      if (given.name() == name) return &given;
    const auto it = defaults->find(name);
    return it == defaults->end() ? nullptr : &it->second;
  }

  const onnx::NodeProto& call_;
  std::string prefix_;
};

onnx::NodeProto identity(const std::string& from, const std::string& to) {
  onnx::NodeProto node;
  node.set_op_type("Identity");
  node.set_name(to + "/Identity");
  node.add_input(from);
  node.add_output(to);
  return node;
}

}  // namespace

FunctionInliner::FunctionInliner(const onnx::ModelProto& model) {
  for (const onnx::FunctionProto& function : model.functions()) add(function);
  if (functions_.empty()) return;
  const Size size = measure(model.graph(), 0);
  const auto own = static_cast<std::int64_t>(model.ByteSizeLong());
  if (size.nodes > kMaxNodes || size.bytes > saturating_add(8 * own, kMaxExpandedBytes))
    throw Error(ErrorCode::ResourceLimit,
                str("with its functions inlined the model has ", size.nodes, " nodes of ",
                    size.bytes, " bytes; the limit is ", kMaxNodes, " nodes and ",
                    saturating_add(8 * own, kMaxExpandedBytes), " bytes"));
}

void FunctionInliner::add(const onnx::FunctionProto& proto) {
  const std::string& unknown = proto.unknown_fields();
  const std::string key =
      key_of(proto.domain(), proto.name(), overload(unknown, kFunctionOverload));
  Function function;
  function.proto = &proto;
  if (proto.opset_import_size() > 0) function.opsets = read_opsets(proto.opset_import());
  for (const std::string& bytes : unknown_field(unknown, kFunctionDefaults)) {
    onnx::AttributeProto attribute;
    if (!attribute.ParseFromString(bytes))
      throw Error(ErrorCode::MalformedModel,
                  "function '" + printable(proto.name()) + "': a default attribute is malformed");
    function.defaults[attribute.name()] = attribute;
  }
  if (!functions_.emplace(key, std::move(function)).second)
    throw Error(ErrorCode::MalformedModel,
                "function '" + printable(proto.name()) + "' is defined twice");
}

const FunctionInliner::Function* FunctionInliner::find(const onnx::NodeProto& node) const {
  if (functions_.empty()) return nullptr;
  const auto it = functions_.find(
      key_of(node.domain(), node.op_type(), overload(node.unknown_fields(), kNodeOverload)));
  return it == functions_.end() ? nullptr : &it->second;
}

FunctionInliner::Size FunctionInliner::measure(const onnx::NodeProto& node, int depth) {
  if (const Function* function = find(node))
    return measure(const_cast<Function&>(*function), depth);
  Size size = {1, static_cast<std::int64_t>(node.ByteSizeLong())};
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    const auto add_graph = [&](const onnx::GraphProto& graph) {
      const Size inner = measure(graph, depth);
      size.nodes = saturating_add(size.nodes, inner.nodes);
      size.bytes = saturating_add(size.bytes, inner.bytes);
    };
    if (attribute.has_g()) add_graph(attribute.g());
    for (const onnx::GraphProto& graph : attribute.graphs()) add_graph(graph);
  }
  return size;
}

FunctionInliner::Size FunctionInliner::measure(const onnx::GraphProto& graph, int depth) {
  Size size;
  for (const onnx::NodeProto& node : graph.node()) {
    const Size inner = measure(node, depth);
    size.nodes = saturating_add(size.nodes, inner.nodes);
    size.bytes = saturating_add(size.bytes, inner.bytes);
  }
  return size;
}

const FunctionInliner::Size& FunctionInliner::measure(Function& function, int depth) {
  const std::string name = printable(function.proto->name());
  if (function.state == Function::Open)
    throw Error(ErrorCode::MalformedModel, "function '" + name + "' calls itself");
  if (function.state == Function::Done) return function.size;
  if (depth == kMaxCallDepth)
    throw Error(ErrorCode::ResourceLimit,
                str("function '", name, "': calls are nested more than ", kMaxCallDepth, " deep"));
  function.state = Function::Open;
  for (const onnx::NodeProto& node : function.proto->node()) {
    const Size inner = measure(node, depth + 1);
    function.size.nodes = saturating_add(function.size.nodes, inner.nodes);
    function.size.bytes = saturating_add(function.size.bytes, inner.bytes);
  }
  function.state = Function::Done;
  return function.size;
}

void FunctionInliner::expand(const onnx::NodeProto& call, const std::string& name,
                             std::deque<onnx::NodeProto>& arena, std::vector<InlinedNode>& out) {
  const Function& function = *find(call);
  const onnx::FunctionProto& proto = *function.proto;
  const std::string shown = "function '" + printable(proto.name()) + "'";
  if (call.input_size() > proto.input_size() || call.output_size() > proto.output_size())
    throw Error(ErrorCode::MalformedModel,
                str(shown, " has ", proto.input_size(), " inputs and ", proto.output_size(),
                    " outputs; the call gives ", call.input_size(), " and ", call.output_size()),
                name, call.op_type());
  Renaming renaming(call, str(name, "#", ++calls_, "/"));
  renaming.defaults = &function.defaults;
  for (int i = 0; i < proto.input_size(); ++i)
    renaming.values[proto.input(i)] = i < call.input_size() ? call.input(i) : "";
  const auto adopt = [&](onnx::NodeProto node) -> onnx::NodeProto& {
    arena.push_back(std::move(node));
    return arena.back();
  };
  for (int i = 0; i < call.output_size(); ++i) {
    if (call.output(i).empty()) continue;
    // An output that is an input, or another output, as it is.
    if (!renaming.values.emplace(proto.output(i), call.output(i)).second)
      out.push_back(
          {&adopt(identity(renaming.value(proto.output(i)), call.output(i))), &function.opsets});
  }
  for (const onnx::NodeProto& body : proto.node()) {
    onnx::NodeProto& node = adopt(body);
    renaming.node(node);
    if (is_call(node)) {
      expand(node, std::string(node.name()), arena, out);
    } else {
      out.push_back({&node, &function.opsets});
    }
  }
}

}  // namespace keel::loaders
