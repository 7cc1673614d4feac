// X -> Conv(W, b) -> [Transpose ...] -> BatchNormalization -> Y
//   =>   X -> Conv(W', b') -> [Transpose ...] -> Y
//
// and likewise for ConvTranspose, Gemm and MatMul, for chains of Add, Sub, Mul and Div with
// constants instead of BatchNormalization, and through Concat where every branch takes part. A
// MatMul takes the scale up; the shift stays as an Add.
#include "runtime/folding/absorb.h"
#include "runtime/folding/verdict.h"

namespace keel::passes {
namespace {

using namespace folding;  // NOLINT: this file is the front of that namespace

// The node before the chain gives what the chain gave.
void bypass(Work& work, const Chain& chain) {
  const Value& input = work.graph.values[chain.input];
  const Node& producer = work.graph.nodes[input.producer];
  for (std::size_t slot = 0; slot < producer.outputs.size(); ++slot)
    if (producer.outputs[slot] == chain.input)
      work.patch.set_output(input.producer, slot, chain.output);
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const bool overridable = context.options.allow_overridable;
  Refusal refusal;
  const auto chain = chain_ending_in(graph, id, overridable, refusal);
  if (refusal) return kept("BatchNormalization", std::move(refusal));
  // A uniform factor is nothing that batch normalization leaves behind.
  if (!chain || (!chain->batchnorm && chain->map.uniform())) return {};
  Work work{graph, overridable, Patch(graph), 0, "", {}, false, false, &context.parallel};
  refusal = absorb_before(work, chain->input, chain->map, graph.nodes[chain->nodes[0]].name);
  work.path.push_back(chain->ops(graph));
  const Node& last = graph.nodes[id];
  if (!refusal && work.left_shift) {
    // Nothing but a bias behind a MatMul: it has its place already.
    if (!chain->batchnorm && !chain->map.scales()) return {};
    if (!chain->batchnorm && chain->nodes.size() == 1) return {};
    refusal = add_shift(work, last, chain->map, chain->input, chain->output);
  } else if (!refusal) {
    bypass(work, *chain);
  }
  if (refusal) {
    // Additions and products that never were a normalisation need no record.
    if (!chain->batchnorm && !(work.reached_weights && chain->map.scales())) return {};
    return kept(graph, *chain, joined(work.path), std::move(refusal));
  }
  for (NodeId node : chain->nodes) work.patch.remove_node(node);
  const std::string into = work.blocker;
  return folded(graph, *chain, std::move(work), joined(work.path), "folded into '" + into + "'");
}

}  // namespace

PassDef fold_backward() { return {Phase::Fold, "fold_backward", visit}; }

}  // namespace keel::passes
