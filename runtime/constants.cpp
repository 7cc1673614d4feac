#include "runtime/constants.h"

#include <cmath>
#include <cstring>

#include "runtime/half.h"
#include "runtime/op.h"

namespace keel {
namespace {

// float(value) rounded to odd: rounding that once more to fewer than 22 bits is then the same as
// rounding `value` itself once.
float to_float_odd(double value) {
  const float nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || !std::isfinite(nearest)) return nearest;
  std::uint32_t bits;
  std::memcpy(&bits, &nearest, sizeof bits);
  if (bits & 1) return nearest;
  const bool too_large = std::abs(static_cast<double>(nearest)) > std::abs(value);
  bits += too_large ? -1 : 1;
  float odd;
  std::memcpy(&odd, &bits, sizeof odd);
  return odd;
}

const Node* producer_of(const Graph& graph, ValueId id) {
  const NodeId producer = graph.values[id].producer;
  return producer == kNone ? nullptr : &graph.nodes[producer];
}

bool passes_through(const Node& node) {
  return node.domain.empty() && (node.op_type == "Identity" || node.op_type == "Cast") &&
         node.has_input(0);
}

}  // namespace

std::shared_ptr<const Tensor> constant_behind(const Graph& graph, ValueId id) {
  if (id == kNone) return nullptr;
  if (graph.values[id].constant != nullptr) return graph.values[id].constant;
  const Node* node = producer_of(graph, id);
  if (node == nullptr || !passes_through(*node)) return nullptr;
  const auto inner = constant_behind(graph, node->inputs[0]);
  if (inner == nullptr || node->op_type == "Identity") return inner;
  return std::make_shared<const Tensor>(std::move(evaluate(*node, {inner.get()})[0]));
}

bool overridable_behind(const Graph& graph, ValueId id) {
  if (id == kNone) return false;
  if (graph.values[id].overridable) return true;
  const Node* node = producer_of(graph, id);
  return node != nullptr && passes_through(*node) && overridable_behind(graph, node->inputs[0]);
}

bool is_floating(DataType type) {
  return type == DataType::Float || type == DataType::Double || type == DataType::Float16 ||
         type == DataType::BFloat16;
}

double element_as_double(const Tensor& tensor, std::int64_t i) {
  switch (tensor.type()) {
    case DataType::Float:
      return static_cast<double>(tensor.data_as<float>()[i]);
    case DataType::Double:
      return tensor.data_as<double>()[i];
    default: {
      float value = 0;
      widen(tensor.type(), tensor.data_as<std::uint16_t>() + i, &value, 1);
      return static_cast<double>(value);
    }
  }
}

std::vector<double> as_doubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = element_as_double(tensor, static_cast<std::int64_t>(i));
  return values;
}

bool store_rounded(Tensor& tensor, std::int64_t i, double value) {
  if (tensor.type() == DataType::Double) {
    tensor.data_as<double>()[i] = value;
  } else if (tensor.type() == DataType::Float) {
    tensor.data_as<float>()[i] = static_cast<float>(value);
  } else {
    const float odd = to_float_odd(value);
    narrow(tensor.type(), &odd, tensor.data_as<std::uint16_t>() + i, 1);
  }
  return std::isfinite(element_as_double(tensor, i));
}

}  // namespace keel
