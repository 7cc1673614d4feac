#include "tools/error_bound.h"

#include <cmath>

#include "runtime/constants.h"

namespace keel::tools {
namespace {

bool is_op(const Node& node, const char* op) { return node.domain.empty() && node.op_type == op; }

void set_absolute(Node& node, const char* attribute) {
  if (node.has(attribute)) node.attributes[attribute] = std::abs(node.float_or(attribute, 1));
}

Tensor negated(Tensor tensor) {
  for (std::int64_t i = 0; i < tensor.size(); ++i)
    store_rounded(tensor, i, -element_as_double(tensor, i));
  return tensor;
}

// Whether the constant in this slot is a number that is computed with, not a shape or a bound.
bool is_operand(const Node& node, std::size_t slot) {
  for (const char* op : {"Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div"})
    if (is_op(node, op)) return true;
  return is_op(node, "BatchNormalization") && slot < 4;
}

}  // namespace

Tensor magnitude(const Tensor& tensor) {
  if (!is_floating(tensor.type())) return tensor;
  Tensor result(tensor.type(), tensor.shape());
  if (tensor.type() == DataType::Float) {
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      result.data_as<float>()[i] = std::abs(tensor.data_as<float>()[i]);
  } else {
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      store_rounded(result, i, std::abs(element_as_double(tensor, i)));
  }
  return result;
}

MagnitudeNode magnitude_node(const Graph& graph, const Node& node) {
  MagnitudeNode out{node, std::vector<Tensor>(node.inputs.size())};
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const auto constant = constant_behind(graph, node.inputs[i]);
    if (constant == nullptr) continue;
    out.constants[i] = is_operand(node, i) ? magnitude(*constant) : *constant;
    // |x - mean| <= |x| + |mean|
    if (is_op(node, "BatchNormalization") && i == 3)
      out.constants[i] = negated(std::move(out.constants[i]));
  }
  if (is_op(node, "Sub")) out.node.op_type = "Add";
  for (const char* attribute : {"alpha", "beta"}) set_absolute(out.node, attribute);
  return out;
}

double roundings(const Graph& graph, const Node& node) {
  const auto terms = [&](std::size_t slot, std::size_t kept_axis) {
    const auto W = constant_behind(graph, node.has_input(slot) ? node.inputs[slot] : kNone);
    if (W == nullptr || W->shape().size() <= kept_axis || W->shape()[kept_axis] == 0) return 1.0;
    return static_cast<double>(W->size() / W->shape()[kept_axis]);
  };
  if (is_op(node, "Conv")) return 2 + terms(1, 0);
  if (is_op(node, "ConvTranspose")) return 2 + terms(1, 1);
  if (is_op(node, "Gemm")) return 4 + terms(1, node.int_or("transB", 0) != 0 ? 0 : 1);
  if (is_op(node, "MatMul")) return 1 + std::max(terms(1, 1), terms(0, 0));
  if (is_op(node, "BatchNormalization")) return 6;
  const TensorType& x = graph.values[node.inputs.empty() ? 0 : node.inputs[0]].type;
  double window = 1;
  if (is_op(node, "AveragePool"))
    for (std::int64_t size : node.ints_or("kernel_shape", {})) window *= static_cast<double>(size);
  if (is_op(node, "GlobalAveragePool") || is_op(node, "ReduceMean"))
    for (std::size_t i = 2; x.ranked && i < x.dims.size(); ++i)
      window *= static_cast<double>(std::max<Dim>(x.dims[i], 1));
  return 2 + window;
}

double unit_roundoff(DataType type) {
  switch (type) {
    case DataType::Float:
      return 0x1p-24;
    case DataType::Double:
      return 0x1p-53;
    case DataType::Float16:
      return 0x1p-11;
    case DataType::BFloat16:
      return 0x1p-8;
    default:
      return 0;
  }
}

}  // namespace keel::tools
