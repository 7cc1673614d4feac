// X -> BatchNormalization -> Mul -> BatchNormalization -> Y   =>   X -> BatchNormalization -> Y
//
// A chain of affine maps that no weights take up is written as one BatchNormalization if it has
// one, else as Mul and Add, where that is shorter.
#include "runtime/folding/rewrite.h"
#include "runtime/folding/verdict.h"

namespace keel::passes {
namespace {

using namespace folding;  // NOLINT: this file is the front of that namespace

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const bool overridable = context.options.allow_overridable;
  Refusal refusal;
  const auto chain = chain_ending_in(graph, id, overridable, refusal);
  if (!chain || (!chain->batchnorm && chain->map.uniform())) return {};
  if (nodes_of(chain->map, chain->batchnorm) >= chain->nodes.size()) return {};
  Work work{graph, overridable, Patch(graph), 0, "", {}, false, false, &context.parallel};
  const Node& last = graph.nodes[id];
  refusal = add_map(work, last.name + "_merged", last.version, chain->map, chain->batchnorm,
                    graph.values[chain->output].type, chain->input, chain->output);
  if (refusal) return {};
  for (NodeId node : chain->nodes) work.patch.remove_node(node);
  PassResult result = folded(graph, *chain, std::move(work), chain->ops(graph),
                             "merged into one node '" + last.name + "_merged'");
  result.decision->rest = {last.name + "_merged"};
  return result;
}

}  // namespace

PassDef fold_chain() { return {Phase::Fold, "fold_chain", visit}; }

}  // namespace keel::passes
