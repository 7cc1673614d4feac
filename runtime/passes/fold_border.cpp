// X -> BatchNormalization -> Conv(W, b), padded -> Y
//   =>   X -> Conv(W', b)[epilogue: + keel.Border(X)] -> Y
//
// What a standard model cannot express where the sizes of X are not known, or where a constant for
// every position would be too large for a file. The border is computed with the plan, and added
// where the convolution stores its results. A shift that was left in a file is taken up likewise.
#include "runtime/folding/absorb.h"
#include "runtime/folding/verdict.h"

namespace keel::passes {
namespace {

using namespace folding;  // NOLINT: this file is the front of that namespace

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  Refusal refusal;
  const auto chain = chain_ending_in(graph, id, context.options.allow_overridable, refusal);
  if (!chain || chain->map.axis != 1 || graph.values[chain->output].graph_output) return {};
  Work work{graph,
            context.options.allow_overridable,
            Patch(graph),
            0,
            "",
            {chain->ops(graph)},
            false,
            false,
            &context.parallel,
            &*chain};
  if (absorb_behind(work, chain->output, chain->map, graph.nodes[id].name)) return {};
  work.patch.replace_uses(chain->output, chain->input);
  for (NodeId node : chain->nodes) work.patch.remove_node(node);
  const std::string into = work.blocker, path = joined(work.path);
  return folded(graph, *chain, std::move(work), path, "folded into '" + into + "'");
}

}  // namespace

PassDef fold_border() { return {Phase::Fuse, "fold_border", visit}; }

}  // namespace keel::passes
