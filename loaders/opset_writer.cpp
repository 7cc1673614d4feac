// The part of GraphWriter that says new and changed nodes in the words of the model's operator set,
// where the newest form is a later one: the reverse of what upgrade.cpp does, for the operators
// that patches make.
#include <algorithm>

#include "loaders/graph_writer.h"
#include "runtime/error.h"

namespace keel::loaders {
namespace {

struct AttributeForm {
  std::string_view op;
  int below;  // in versions below this one the input `slot` was the attribute
  int slot;
  const char* attribute;
};

constexpr AttributeForm kAttributeForms[] = {
    {"Squeeze", 13, 1, "axes"},    {"Unsqueeze", 13, 1, "axes"}, {"ReduceSum", 13, 1, "axes"},
    {"ReduceMean", 18, 1, "axes"}, {"ReduceMax", 18, 1, "axes"}, {"ReduceMin", 18, 1, "axes"},
    {"ReduceProd", 18, 1, "axes"}, {"Split", 13, 1, "split"},    {"Reshape", 5, 1, "shape"},
    {"Slice", 10, 3, "axes"},      {"Slice", 10, 2, "ends"},     {"Slice", 10, 1, "starts"},
    {"Pad", 11, 1, "pads"},
};

bool is_arithmetic(const Node& node) {
  return node.domain.empty() && (node.op_type == "Add" || node.op_type == "Sub" ||
                                 node.op_type == "Mul" || node.op_type == "Div");
}

void add_int(onnx::NodeProto& proto, const char* name, std::int64_t value) {
  for (onnx::AttributeProto& attribute : *proto.mutable_attribute())
    if (attribute.name() == name) {
      attribute.set_i(value);
      return;
    }
  onnx::AttributeProto& attribute = *proto.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

// dims without the ones in front and behind.
Shape core(const Shape& dims, std::size_t& leading) {
  const auto not_one = [](std::int64_t dim) { return dim != 1; };
  const auto begin = std::find_if(dims.begin(), dims.end(), not_one);
  const auto end = std::find_if(dims.rbegin(), dims.rend(), not_one).base();
  leading = static_cast<std::size_t>(begin - dims.begin());
  return begin < end ? Shape(begin, end) : Shape();
}

}  // namespace

void GraphWriter::fit_opset(NodeId id, onnx::NodeProto& proto) {
  const Node& node = graph_.nodes[id];
  if (!node.domain.empty()) return;
  const std::int64_t version = model_.opsets.at("");
  inputs_to_attributes(id, proto);
  fit_broadcast(id, proto);
  if (node.op_type == "BatchNormalization" && version < 7) add_int(proto, "is_test", 1);
  if (node.op_type == "BatchNormalization" && version < 6) {
    onnx::AttributeProto& consumed = *proto.add_attribute();  // says nothing, but must be there
    consumed.set_name("consumed_inputs");
    consumed.set_type(onnx::AttributeProto::INTS);
    for (const int index : {0, 0, 0, 1, 1}) consumed.add_ints(index);
  }
  if (node.op_type == "Split" && version < 18)
    for (int i = proto.attribute_size() - 1; i >= 0; --i)
      if (proto.attribute(i).name() == "num_outputs")
        proto.mutable_attribute()->DeleteSubrange(i, 1);
}

void GraphWriter::inputs_to_attributes(NodeId id, onnx::NodeProto& proto) {
  const Node& node = graph_.nodes[id];
  const std::int64_t version = model_.opsets.at("");
  for (const AttributeForm& form : kAttributeForms) {
    if (form.op != node.op_type || version >= form.below || form.slot >= proto.input_size())
      continue;
    const Tensor* values = graph_.constant(node.inputs[static_cast<std::size_t>(form.slot)]);
    if (values == nullptr || values->type() != DataType::Int64)
      node.fail(ErrorCode::Unsupported,
                str("operator set ", version, " wants '", form.attribute, "' as an attribute"));
    onnx::AttributeProto& attribute = *proto.add_attribute();
    attribute.set_name(form.attribute);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (std::int64_t i = 0; i < values->size(); ++i)
      attribute.add_ints(values->data_as<std::int64_t>()[i]);
    proto.mutable_input()->DeleteSubrange(form.slot, 1);
  }
}

// Before opset 7 an operand was broadcast only where asked: B's dims, without ones around them,
// stand at `axis` of A. Gemm's C needed no axis.
void GraphWriter::fit_broadcast(NodeId id, onnx::NodeProto& proto) {
  const Node& node = graph_.nodes[id];
  if (model_.opsets.count("") == 0 || model_.opsets.at("") >= 7) return;
  if (node.domain.empty() && node.op_type == "Gemm") add_int(proto, "broadcast", 1);
  if (!is_arithmetic(node) || node.has("axis")) return;
  const TensorType& a = graph_.values[node.inputs[0]].type;
  const TensorType& b = graph_.values[node.inputs[1]].type;
  if (a.ranked && b.ranked && a.dims == b.dims) return;
  const Tensor* constant = graph_.constant(node.inputs[1]);
  if (constant == nullptr || !a.ranked || a.rank() < b.rank())
    node.fail(ErrorCode::Unsupported, "operator set 6 cannot express this broadcast");
  std::size_t leading = 0;
  const Shape dims = core(constant->shape(), leading);
  add_int(proto, "broadcast", 1);
  if (!dims.empty())
    add_int(proto, "axis", a.rank() - b.rank() + static_cast<std::int64_t>(leading));
  if (dims != constant->shape()) reshaped_[node.inputs[1]] = dims;
}

}  // namespace keel::loaders
