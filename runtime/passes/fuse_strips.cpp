// X -> Conv 1x1 -> Conv depthwise -> Conv 1x1 -> Y   =>   X -> keel.ConvStrips -> Y
//
// with the epilogues of all three; either pointwise convolution may be missing. Only where the
// sizes are known and the tensors between are so large that strips are faster.
#include "runtime/conv_strips.h"
#include "runtime/optimizer.h"
#include "runtime/precision.h"
#include "runtime/window.h"
#include "simd/dispatch.h"

namespace keel::passes {
namespace {

using simd::ConvStage;

bool all(const Shape& values, std::int64_t wanted) {
  for (std::int64_t value : values)
    if (value != wanted) return false;
  return true;
}

bool is_fixed(const Graph& graph, const Node& node, std::size_t slot) {
  return !node.has_input(slot) || (graph.constant(node.inputs[slot]) != nullptr &&
                                   !graph.values[node.inputs[slot]].overridable);
}

// A float convolution of images with constant weights, nothing done to its input.
bool is_conv(const Graph& graph, const Node& node) {
  if (node.op_type != "Conv" || !node.domain.empty() || !node.prologue.empty()) return false;
  const TensorType& x = graph.values[node.inputs[0]].type;
  return x.type == DataType::Float && x.ranked && x.rank() == 4 && is_fixed(graph, node, 1) &&
         is_fixed(graph, node, 2);
}

bool is_depthwise(const Graph& graph, const Node& node) {
  if (!is_conv(graph, node)) return false;
  const TensorType& x = graph.values[node.inputs[0]].type;
  const Shape& w = graph.values[node.inputs[1]].type.dims;
  return w[1] == 1 && w[0] == node.int_or("group", 1) && x.dims[1] == w[0] && x.dims[2] > 0 &&
         x.dims[3] > 0;
}

bool is_pointwise(const Graph& graph, const Node& node) {
  if (!is_conv(graph, node) || node.int_or("group", 1) != 1) return false;
  const Shape& w = graph.values[node.inputs[1]].type.dims;
  const Shape kernel(w.begin() + 2, w.end());
  const Window window = window_of(node, kernel);
  return graph.values[node.inputs[0]].type.dims[1] == w[1] && all(kernel, 1) &&
         all(window.strides, 1) && all(window.pads, 0);
}

// Nobody but one node reads it.
bool is_between(const Value& value) { return value.users.size() == 1 && !value.graph_output; }

// The nodes of a block, kNone where a stage is not there.
struct Block {
  NodeId node[simd::kConvStages] = {kNone, kNone, kNone};
  NodeId last() const { return node[simd::kProject] != kNone ? node[simd::kProject] : node[1]; }
  NodeId first() const { return node[simd::kExpand] != kNone ? node[simd::kExpand] : node[1]; }
};

Block block_around(const Graph& graph, NodeId depthwise) {
  Block block;
  block.node[simd::kDepthwise] = depthwise;
  const Node& node = graph.nodes[depthwise];
  const Value &x = graph.values[node.inputs[0]], &y = graph.values[node.outputs[0]];
  if (is_between(x) && x.producer != kNone && !graph.nodes[x.producer].epilogue.residual &&
      is_pointwise(graph, graph.nodes[x.producer]))
    block.node[simd::kExpand] = x.producer;
  if (is_between(y) && !node.epilogue.residual && is_pointwise(graph, graph.nodes[y.users[0]]) &&
      graph.nodes[y.users[0]].inputs[0] == node.outputs[0])
    block.node[simd::kProject] = y.users[0];
  return block;
}

Node strips_node(const Graph& graph, const Block& block) {
  const Node& last = graph.nodes[block.last()];
  Node strips;
  strips.name = last.name;
  strips.domain = "keel";
  strips.op_type = "ConvStrips";
  strips.attributes = graph.nodes[block.node[simd::kDepthwise]].attributes;
  strips.inputs.resize(kStripResidual, kNone);
  strips.inputs[kStripX] = graph.nodes[block.first()].inputs[0];
  for (ConvStage stage : {simd::kExpand, simd::kDepthwise, simd::kProject}) {
    if (block.node[stage] == kNone) continue;
    const Node& conv = graph.nodes[block.node[stage]];
    strips.inputs[strip_weights(stage)] = conv.inputs[1];
    if (conv.has_input(2)) strips.inputs[strip_bias(stage)] = conv.inputs[2];
    if (block.node[stage] != block.last())
      set_strip_activation(strips, stage, conv.epilogue.activation);
  }
  if (last.epilogue.residual) strips.inputs.push_back(last.inputs[3]);
  strips.epilogue = last.epilogue;
  strips.outputs = {last.outputs[0]};
  return strips;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  if (!is_depthwise(graph, graph.nodes[id])) return {};
  const Block block = block_around(graph, id);
  if (block.first() == block.last()) return {};
  Node strips = strips_node(graph, block);
  std::vector<Shape> inputs;
  for (ValueId input : strips.inputs)
    inputs.push_back(input == kNone ? Shape{} : graph.values[input].type.dims);
  const simd::StripShapes shapes = strip_shapes(strips, inputs, 1);
  if (!simd::takes_strips(shapes)) return {};
  const simd::KernelTable& kernels = simd::select(context.options.isa.c_str());
  if (!simd::prefers_strips(shapes, kernels, conv_precision(context.options.precision))) return {};
  Decision decision;
  decision.pattern = block.node[simd::kExpand] == kNone    ? "Conv->Conv 1x1"
                     : block.node[simd::kProject] == kNone ? "Conv 1x1->Conv"
                                                           : "Conv 1x1->Conv->Conv 1x1";
  decision.blocker = graph.nodes[block.last()].name;
  Patch patch(graph);
  for (NodeId node : block.node)
    if (node != kNone) patch.remove_node(node);
  patch.add_node(std::move(strips));
  return {std::move(patch), decision};
}

}  // namespace

PassDef fuse_strips() { return {Phase::Join, "fuse_strips", visit}; }

}  // namespace keel::passes
