// X -> Conv[act] -> MaxPool -> Y   =>   X -> keel.ConvPool[act] -> Y
//
// where the sizes are known and the tensor between is so large that strips of it are faster.
#include "runtime/conv_pool.h"
#include "runtime/optimizer.h"
#include "runtime/precision.h"
#include "simd/dispatch.h"

namespace keel::passes {
namespace {

// A float convolution of images of known size with constant weights, nothing done to its input.
bool is_conv(const Graph& graph, const Node& node) {
  if (node.op_type != "Conv" || !node.domain.empty()) return false;
  if (!node.prologue.empty() || node.epilogue.residual) return false;
  const TensorType& x = graph.values[node.inputs[0]].type;
  if (x.type != DataType::Float || !x.ranked || x.rank() != 4) return false;
  for (std::size_t i : {1u, 2u})
    if (node.has_input(i) &&
        (graph.constant(node.inputs[i]) == nullptr || graph.values[node.inputs[i]].overridable))
      return false;
  const Shape& w = graph.values[node.inputs[1]].type.dims;
  return x.dims[1] > 0 && x.dims[2] > 0 && x.dims[3] > 0 && w[2] > 1;
}

// The convolution that only this pool reads, or kNone.
NodeId conv_before(const Graph& graph, const Node& pool) {
  if (pool.op_type != "MaxPool" || !pool.domain.empty() || pool.has_output(1)) return kNone;
  const Value& x = graph.values[pool.inputs[0]];
  if (x.users.size() != 1 || x.graph_output || x.producer == kNone) return kNone;
  return is_conv(graph, graph.nodes[x.producer]) ? x.producer : kNone;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const NodeId conv = conv_before(graph, graph.nodes[id]);
  if (conv == kNone) return {};
  Node both = conv_pool_node(graph.nodes[conv], graph.nodes[id]);
  const Value& x = graph.values[both.inputs[0]];
  Shape image = x.type.dims;
  image[0] = 1;
  simd::ConvPoolShape shape = conv_pool_shape(both, image, graph.values[both.inputs[1]].type.dims);
  // What a node gives may be blocked: where few channels are not, they are as fast as plain.
  shape.conv.plain_input = x.producer == kNone && simd::takes_plain_input(shape.conv);
  const simd::KernelTable& kernels = simd::select(context.options.isa.c_str());
  if (!simd::prefers_conv_pool(shape, kernels, conv_precision(context.options.precision)))
    return {};
  Decision decision;
  decision.pattern = "Conv->MaxPool";
  decision.blocker = graph.nodes[id].name;
  Patch patch(graph);
  patch.remove_node(conv);
  patch.remove_node(id);
  patch.add_node(std::move(both));
  return {std::move(patch), decision};
}

}  // namespace

PassDef fuse_pool() { return {Phase::Join, "fuse_pool", visit}; }

}  // namespace keel::passes
