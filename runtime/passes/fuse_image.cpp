// X -> Conv -> Add(M) -> Y   =>   X -> Conv[epilogue: + Expand(M)] -> Y
//
// for a constant M [1, C, H, W] and results of several images, or of a number that only the run
// knows. M is repeated for them with the plan, once, and not in every run.
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

constexpr std::size_t kResidual = 3;  // behind X, W, B

// The convolution that makes `id` for nobody else; kNone otherwise.
NodeId conv_of(const Graph& graph, ValueId id) {
  const Value& value = graph.values[id];
  if (value.producer == kNone || value.users.size() != 1 || value.graph_output) return kNone;
  const Node& node = graph.nodes[value.producer];
  const bool conv = node.op_type == "Conv" && node.domain.empty() && node.epilogue.empty();
  return conv ? value.producer : kNone;
}

// [1, C, H, W] beside [N, C, H, W], both float.
bool is_image(const Graph& graph, ValueId id, const TensorType& result) {
  const Value& value = graph.values[id];
  if (value.constant == nullptr || value.overridable || value.type.type != DataType::Float)
    return false;
  if (result.type != DataType::Float || !result.ranked || result.dims.empty()) return false;
  if (value.type.dims.size() != result.dims.size() || result.dims[0] == 1) return false;
  Shape one = result.dims;
  one[0] = 1;
  return value.type.dims == one;
}

// Shape(X)[0 : 1], joined with the other sizes.
ValueId add_repeated(Patch& patch, const Node& add, ValueId x, ValueId image, const Shape& dims) {
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto node = [&](const char* op, std::vector<ValueId> inputs, TensorType type) {
    Node made;
    made.name = add.name + "_" + op;
    made.op_type = op;
    made.version = 21;
    made.inputs = std::move(inputs);
    made.outputs = {patch.add_value(made.name, std::move(type))};
    return made;
  };
  Node shape = node("Shape", {x}, {DataType::Int64, true, {1}});
  shape.attributes["start"] = std::int64_t{0};
  shape.attributes["end"] = std::int64_t{1};
  Tensor rest(DataType::Int64, {rank - 1});
  std::copy(dims.begin() + 1, dims.end(), rest.data_as<std::int64_t>());
  const ValueId sizes = patch.add_constant(add.name + "_sizes", std::move(rest));
  Node whole = node("Concat", {shape.outputs[0], sizes}, {DataType::Int64, true, {rank}});
  whole.attributes["axis"] = std::int64_t{0};
  Node expand = node("Expand", {image, whole.outputs[0]}, {DataType::Float, true, dims});
  const ValueId repeated = expand.outputs[0];
  for (Node* made : {&shape, &whole, &expand}) patch.add_node(std::move(*made));
  return repeated;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (node.op_type != "Add" || !node.domain.empty() || node.has("axis")) return {};
  if (node.epilogue.residual || node.inputs.size() != 2) return {};
  for (std::size_t side = 0; side < 2; ++side) {
    const NodeId conv = conv_of(graph, node.inputs[side]);
    const TensorType& result = graph.values[node.inputs[side]].type;
    if (conv == kNone || !is_image(graph, node.inputs[1 - side], result)) continue;
    Patch patch(graph);
    const ValueId x = graph.nodes[conv].inputs[0];
    patch.set_input(conv, kResidual,
                    add_repeated(patch, node, x, node.inputs[1 - side], result.dims));
    Epilogue epilogue;
    epilogue.residual = true;
    epilogue.activation = node.epilogue.activation;
    patch.set_epilogue(conv, epilogue);
    patch.set_output(conv, 0, node.outputs[0]);
    patch.remove_node(id);
    Decision decision;
    decision.pattern = "Conv->Add";
    decision.blocker = graph.nodes[conv].name;
    return {std::move(patch), decision};
  }
  return {};
}

}  // namespace

PassDef fuse_image() { return {Phase::Fuse, "fuse_image", visit}; }

}  // namespace keel::passes
