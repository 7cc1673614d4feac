// x [N, 128, 768], Concat(Gather(Shape(x), [0, 1]), 12, 64) -> Reshape
//   =>   Reshape to [0, 128, 12, 64]
//
// Arithmetic on sizes that reads only dims which are known becomes a constant, and so does the
// shape that a Reshape is given where all that is not known are dims of its input in their old
// place. So sizes stay known behind it in models of variable batch.
#include <algorithm>

#include "runtime/op.h"
#include "runtime/optimizer.h"
#include "runtime/symbolic_sizes.h"

namespace keel::passes {
namespace {

using Sizes = std::vector<SymbolicSize>;

Tensor list_of(const std::vector<std::int64_t>& numbers, DataType type, Shape shape) {
  Tensor tensor(type, std::move(shape));
  if (type == DataType::Int64)
    std::copy(numbers.begin(), numbers.end(), tensor.data_as<std::int64_t>());
  else
    std::copy(numbers.begin(), numbers.end(), tensor.data_as<std::int32_t>());
  return tensor;
}

// The numbers, or nothing where one of them is a symbol.
std::optional<std::vector<std::int64_t>> all_numbers(const Sizes& sizes) {
  std::vector<std::int64_t> numbers;
  for (const SymbolicSize& size : sizes) {
    if (size.symbol != 0) return std::nullopt;
    numbers.push_back(size.number);
  }
  return numbers;
}

PassResult fold_list(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  if (node.outputs.size() != 1 || !node.domain.empty() || !node.captured.empty()) return {};
  const Value& value = graph.values[node.outputs[0]];
  const DataType type = value.type.type;
  if ((type != DataType::Int64 && type != DataType::Int32) || value.constant != nullptr ||
      !value.type.is_static() || value.type.rank() > 1)
    return {};
  const std::optional<Sizes> sizes = symbolic_sizes(graph, node.outputs[0]);
  const auto numbers = sizes ? all_numbers(*sizes) : std::nullopt;
  if (!numbers || static_cast<std::int64_t>(numbers->size()) != element_count(value.type.dims))
    return {};
  Patch patch(graph);
  patch.set_constant(node.outputs[0],
                     std::make_shared<const Tensor>(list_of(*numbers, type, value.type.dims)));
  patch.remove_node(id);
  return {std::move(patch), std::nullopt};
}

// 0 stands for "as in the input", which a symbol there must be; without `allowzero`, as a size of 0
// would be taken so too.
PassResult fold_reshape(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const Value& asked = graph.values[node.inputs[1]];
  const TensorType& from = graph.values[node.inputs[0]].type;
  if (asked.constant != nullptr || !from.ranked || node.int_or("allowzero", 0) != 0) return {};
  const std::optional<Sizes> sizes = symbolic_sizes(graph, node.inputs[1]);
  if (!sizes) return {};
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    const SymbolicSize& size = (*sizes)[i];
    if (size.symbol != 0 && (i >= from.dims.size() || from.dims[i] != size.symbol)) return {};
    numbers.push_back(size.symbol != 0 ? 0 : size.number);
  }
  Patch patch(graph);
  const Shape shape = {static_cast<std::int64_t>(numbers.size())};
  patch.set_input(
      id, 1, patch.add_constant(node.name + "_shape", list_of(numbers, DataType::Int64, shape)));
  return {std::move(patch), std::nullopt};
}

PassResult visit(const PassContext& context, NodeId id) {
  const Node& node = context.graph.nodes[id];
  if (node.op_type == "Reshape" && node.domain.empty() && node.has_input(0) && node.has_input(1))
    return fold_reshape(context.graph, id);
  return fold_list(context.graph, id);
}

}  // namespace

PassDef fold_sizes() { return {Phase::Simplify, "fold_sizes", visit}; }

}  // namespace keel::passes
