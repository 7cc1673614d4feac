// X -> Resize -> Conv 1x1 -> Y   =>   X -> Conv 1x1 -> Resize -> Y
//
// where the Resize makes images larger. It works on each channel alone and its weights add up to
// one, so a pointwise convolution and its bias may as well come first, with that many fewer pixels
// to work on (the decoders of U-Nets). Only the rounding differs, so not under strict precision.
#include <algorithm>
#include <utility>

#include "runtime/optimizer.h"
#include "runtime/pointwise.h"

namespace keel::passes {
namespace {

constexpr std::size_t kSizes = 3;

// Images of known size, any number of them.
bool has_size(const TensorType& x) {
  return x.ranked && x.rank() >= 3 &&
         std::all_of(x.dims.begin() + 1, x.dims.end(), [](Dim dim) { return dim > 0; });
}

// To no more channels: then the Resize too has no more to do.
bool is_movable(const Graph& graph, const Node& node) {
  if (!is_plain_pointwise(graph, node) || !node.prologue.empty()) return false;
  const TensorType &x = graph.values[node.inputs[0]].type, &y = graph.values[node.outputs[0]].type;
  return has_size(x) && has_size(y) && y.dims[1] <= x.dims[1];
}

// To more pixels of the same images and channels, every one of them a mean of others.
bool enlarges_planes(const Graph& graph, const Node& node) {
  if (node.op_type != "Resize" || !node.domain.empty()) return false;
  if (node.string_or("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize")
    return false;
  const TensorType &x = graph.values[node.inputs[0]].type, &y = graph.values[node.outputs[0]].type;
  if (!has_size(x) || !has_size(y) || x.dims[0] != y.dims[0] || x.dims[1] != y.dims[1])
    return false;
  return product(x.dims, 2, x.dims.size()) < product(y.dims, 2, y.dims.size());
}

// Sizes name every axis, that of the channels too, unless the node has a list of axes.
bool names_channels(const Node& resize) { return resize.has_input(kSizes) || resize.has("axes"); }

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& conv = graph.nodes[id];
  if (context.options.precision == Precision::Strict || !is_movable(graph, conv)) return {};
  const Value& between = graph.values[conv.inputs[0]];
  if (between.producer == kNone || between.users.size() != 1 || between.graph_output) return {};
  const Node& resize = graph.nodes[between.producer];
  if (!enlarges_planes(graph, resize) || names_channels(resize)) return {};

  TensorType small = graph.values[resize.inputs[0]].type;
  small.dims[1] = graph.values[conv.outputs[0]].type.dims[1];
  Patch patch(graph);
  const ValueId value = patch.add_value(between.name + "_small", std::move(small));
  Node first = conv, second = resize;
  first.inputs[0] = resize.inputs[0];
  first.outputs[0] = value;
  second.inputs[0] = value;
  second.outputs[0] = conv.outputs[0];
  Decision decision;
  decision.pattern = "Resize->Conv";
  decision.blocker = resize.name;
  patch.remove_node(id);
  patch.remove_node(between.producer);
  patch.add_node(std::move(first));
  patch.add_node(std::move(second));
  return {std::move(patch), decision};
}

}  // namespace

PassDef conv_before_resize() { return {Phase::Fuse, "conv_before_resize", visit}; }

}  // namespace keel::passes
