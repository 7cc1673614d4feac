// X -> Conv -> Relu -> Y   =>   X -> Conv[epilogue: Relu] -> Y
//
// For every operator with an epilogue and every activation a kernel can apply before it stores.
#include <limits>

#include "runtime/activation.h"
#include "runtime/constants.h"
#include "runtime/op.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

using simd::Activation;
using simd::ActivationKind;

// Clip's bounds are inputs; both must be known.
std::optional<Activation> clip_of(const Graph& graph, const Node& node) {
  float bounds[2] = {-std::numeric_limits<float>::infinity(),
                     std::numeric_limits<float>::infinity()};
  for (std::size_t i = 0; i < 2; ++i) {
    if (!node.has_input(i + 1)) continue;
    const Tensor* bound = graph.constant(node.inputs[i + 1]);
    if (bound == nullptr || bound->size() != 1 || bound->type() != DataType::Float)
      return std::nullopt;
    bounds[i] = bound->data_as<float>()[0];
  }
  return Activation{ActivationKind::Clip, bounds[0], bounds[1]};
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& node = graph.nodes[id];
  const auto activation =
      node.domain.empty() && node.op_type == "Clip" ? clip_of(graph, node) : activation_of(node);
  if (!activation) return {};
  const Value& input = graph.values[node.inputs[0]];
  if (input.producer == kNone || input.type.type != DataType::Float) return {};
  const Node& producer = graph.nodes[input.producer];
  const OpDef& op = op_of(producer);
  if (!op.epilogue || producer.epilogue.activation.kind != ActivationKind::None) return {};
  if (producer.outputs[0] != node.inputs[0]) return {};
  Decision decision;
  decision.pattern = producer.op_type + "->" + node.op_type;
  decision.blocker = producer.name;
  if (input.users.size() > 1) {
    decision.code = "MULTI_USE";
    decision.message = "the result before the activation is used elsewhere too";
    return {std::nullopt, decision};
  }
  if (input.graph_output) {
    decision.code = "GRAPH_OUTPUT";
    decision.message = "the result before the activation is an output of the model";
    return {std::nullopt, decision};
  }
  Patch patch(graph);
  Epilogue epilogue = producer.epilogue;
  epilogue.activation = *activation;
  patch.set_epilogue(input.producer, epilogue);
  patch.set_output(input.producer, 0, node.outputs[0]);
  patch.remove_node(id);
  return {std::move(patch), decision};
}

}  // namespace

PassDef fuse_activation() { return {Phase::Fuse, "fuse_activation", visit}; }

}  // namespace keel::passes
