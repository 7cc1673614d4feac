// X -> BatchNormalization[Relu] -> Conv 1x1 -> Y   =>   X -> Conv[prologue: BN, Relu] -> Y
//
// A batch normalization that cannot be folded, for the activation behind it, costs no pass over
// memory of its own where its one user applies it to what it reads: pointwise convolutions, average
// pools.
#include "runtime/float_batchnorm.h"
#include "runtime/op.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

// One output, of float data and float parameters that are known.
bool is_known_batchnorm(const Graph& graph, const Node& node) {
  if (node.op_type != "BatchNormalization" || !node.domain.empty()) return false;
  if (node.int_or("training_mode", 0) != 0 || node.int_or("spatial", 1) == 0) return false;
  if (node.epilogue.residual || node.outputs.size() > 1) return false;
  for (std::size_t i = batchnorm_input::kScale; i <= batchnorm_input::kVar; ++i) {
    const Tensor* parameter = graph.constant(node.inputs[i]);
    if (parameter == nullptr || graph.values[node.inputs[i]].overridable) return false;
    const DataType type = parameter->type();
    if (type != DataType::Float && type != DataType::Double) return false;
  }
  return can_block(graph.values[node.inputs[0]].type);
}

// mean, s and b, [ceil(C / 16), 3, 16].
Tensor affine_of(const Graph& graph, const Node& node) {
  FloatBatchNorm norm;
  norm.sizes = {1, graph.values[node.inputs[0]].type.dims[1], 1};
  norm.epsilon = static_cast<double>(node.float_or("epsilon", 1e-5f));
  Tensor affine(DataType::Float, {norm.lanes() / kBlock, 3, kBlock});
  TensorRef refs[batchnorm_input::kResidual];
  const TensorRef* parameters[batchnorm_input::kResidual] = {};
  for (std::size_t i = batchnorm_input::kScale; i <= batchnorm_input::kVar; ++i) {
    const Tensor* parameter = graph.constant(node.inputs[i]);
    refs[i].type = parameter->type();
    refs[i].dims = parameter->shape();
    refs[i].data = const_cast<void*>(parameter->data());
    parameters[i] = &refs[i];
  }
  norm.given_affine(parameters, affine.data_as<float>());
  return affine;
}

bool can_take(const Graph& graph, const Node& user, ValueId x) {
  const OpDef* op = op_table().find(user.domain, user.op_type);
  if (op == nullptr || op->takes_prologue == nullptr || !user.prologue.empty()) return false;
  std::size_t reads = 0;
  for (ValueId input : user.inputs) reads += input == x;
  return reads == 1 && user.inputs[0] == x && op->takes_prologue(layout_query(graph, user));
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  if (context.options.precision == Precision::Strict || !is_known_batchnorm(graph, node)) return {};
  const Value& result = graph.values[node.outputs[0]];
  if (result.users.size() != 1 || result.graph_output) return {};
  const NodeId user = result.users[0];
  if (!can_take(graph, graph.nodes[user], node.outputs[0])) return {};
  // Behind all inputs that the operator or an epilogue may have.
  constexpr std::size_t kSlot = 4;
  Patch patch(graph);
  const ValueId affine = patch.add_constant(node.name + "_affine", affine_of(graph, node));
  patch.set_input(user, 0, node.inputs[0]);
  patch.set_input(user, kSlot, affine);
  patch.set_prologue(user, {kSlot, node.epilogue.activation});
  patch.remove_node(id);
  Decision decision;
  decision.pattern = "BatchNormalization->" + graph.nodes[user].op_type;
  decision.blocker = graph.nodes[user].name;
  return {std::move(patch), decision};
}

}  // namespace

PassDef fuse_prologue() { return {Phase::Fuse, "fuse_prologue", visit}; }

}  // namespace keel::passes
