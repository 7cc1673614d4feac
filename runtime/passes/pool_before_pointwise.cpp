// X -> Conv 1x1 -> AveragePool -> Y   =>   X -> AveragePool -> Conv 1x1 -> Y
//
// Both are linear, and the pool works on each channel alone: averaged first, the convolution has
// that many fewer pixels to work on (the transitions of DenseNet). A prologue of the convolution
// becomes the pool's. Only the rounding differs, so not under strict precision.
#include <utility>

#include "runtime/op.h"
#include "runtime/optimizer.h"
#include "runtime/pointwise.h"
#include "runtime/window.h"

namespace keel::passes {
namespace {

bool all(const Shape& values, std::int64_t wanted) {
  for (std::int64_t value : values)
    if (value != wanted) return false;
  return true;
}

// Windows of the input alone: then a bias averages to itself.
bool is_plain_pool(const Node& node) {
  if (node.op_type != "AveragePool" || !node.domain.empty() || !node.prologue.empty()) return false;
  const Window window = window_of(node, kernel_shape_of(node));
  const bool padded =
      window.auto_pad == AutoPad::SameUpper || window.auto_pad == AutoPad::SameLower;
  return !padded && all(window.pads, 0) && !window.ceil_mode && !all(window.strides, 1);
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& pool = graph.nodes[id];
  if (context.options.precision == Precision::Strict || !is_plain_pool(pool)) return {};
  const Value& between = graph.values[pool.inputs[0]];
  if (between.producer == kNone || between.users.size() != 1 || between.graph_output) return {};
  const Node& conv = graph.nodes[between.producer];
  const TensorType& y = graph.values[pool.outputs[0]].type;
  if (!is_plain_pointwise(graph, conv) || !y.ranked) return {};

  TensorType averaged = y;
  averaged.dims[1] = graph.values[conv.inputs[0]].type.dims[1];
  Patch patch(graph);
  const ValueId value = patch.add_value(between.name + "_averaged", std::move(averaged));
  Node first = pool, second = conv;
  first.inputs[0] = conv.inputs[0];
  first.outputs[0] = value;
  second.inputs[0] = value;
  second.outputs[0] = pool.outputs[0];
  if (!conv.prologue.empty()) {
    const OpDef& op = op_of(pool);
    if (op.takes_prologue == nullptr || !op.takes_prologue(layout_query(graph, pool))) return {};
    first.inputs.resize(conv.prologue.slot + 1, kNone);
    std::swap(first.inputs.back(), second.inputs[conv.prologue.slot]);
    std::swap(first.prologue, second.prologue);
  }
  Decision decision;
  decision.pattern = "Conv->AveragePool";
  decision.blocker = conv.name;
  patch.remove_node(id);
  patch.remove_node(between.producer);
  patch.add_node(std::move(first));
  patch.add_node(std::move(second));
  return {std::move(patch), decision};
}

}  // namespace

PassDef pool_before_pointwise() { return {Phase::Fuse, "pool_before_pointwise", visit}; }

}  // namespace keel::passes
