// X -> BatchNormalization -> [Flatten ...] -> Conv(W, b) -> Y
//   =>   X -> [Flatten ...] -> Conv(W', b') -> Y
//
// and likewise for ConvTranspose, Gemm and MatMul. Every reader takes the map up, or none does.
// Where only the zeros of a padding are in the way of the shift, the scale is taken up, and
// x + t / s stays.
#include <cmath>

#include "runtime/folding/absorb.h"
#include "runtime/folding/verdict.h"

namespace keel::passes {
namespace {

using namespace folding;  // NOLINT: this file is the front of that namespace

// s x + t = s (x + t / s); nullopt where some channel has no such form.
std::optional<Affine> shift_before_scale(const Affine& map) {
  Affine shift = map.shift_only();
  for (std::size_t c = 0; c < map.channels(); ++c) {
    if (map.t[c] == 0) continue;
    shift.t[c] = map.t[c] / map.s[c];
    if (!std::isfinite(shift.t[c])) return std::nullopt;
  }
  return shift;
}

// What fold_border will do for a run is said in the report of a file, which cannot express it.
void note_run(const PassContext& context, const Chain& chain, Refusal& refusal) {
  const Graph& graph = context.graph;
  const bool overridable = context.options.allow_overridable;
  Work run{graph, overridable, Patch(graph), 0, "", {}, false, false, &context.parallel, &chain};
  if (!absorb_behind(run, chain.output, chain.map, graph.nodes[chain.nodes.back()].name))
    refusal.message += "; in a file it stays, keel run folds it";
}

PassResult fold_scale(const PassContext& context, const Chain& chain, Refusal refusal) {
  const Graph& graph = context.graph;
  const bool overridable = context.options.allow_overridable;
  const auto shift = shift_before_scale(chain.map);
  Work work{graph, overridable, Patch(graph),     0, "", {chain.ops(graph)},
            false, false,       &context.parallel};
  const std::string& name = graph.nodes[chain.nodes.back()].name;
  if (!chain.map.scales() || !shift ||
      absorb_behind(work, chain.output, chain.map.scale_only(), name) ||
      add_shift(work, graph.nodes[chain.nodes.back()], *shift, chain.input, chain.output))
    return kept(graph, chain, joined(work.path), std::move(refusal));
  for (NodeId node : chain.nodes) work.patch.remove_node(node);
  work.patch.mark_changed(chain.output);
  const std::string into = work.blocker, path = joined(work.path);
  PassResult result =
      folded(graph, chain, std::move(work), path,
             "the scale was folded into '" + into + "', the shift stays: " + refusal.message);
  result.decision->code = refusal.code;
  result.decision->rest = {name + "_shift"};
  return result;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const bool overridable = context.options.allow_overridable;
  Refusal refusal;
  const auto chain = chain_ending_in(graph, id, overridable, refusal);
  // What is no affine map has been recorded by the pass that looks the other way.
  if (!chain) return {};
  // In front of weights a bare scale and shift is BatchNormalization's only if it is per channel.
  if (!chain->batchnorm && chain->map.axis != 1) return {};
  const std::string ops = chain->ops(graph);
  Work work{graph, overridable, Patch(graph), 0, "", {ops}, false, false, &context.parallel};
  if (graph.values[chain->output].graph_output)
    refusal = {"CONSUMER_NOT_FOLDABLE", "the normalised value is an output of the model", ""};
  else
    refusal = absorb_behind(work, chain->output, chain->map, graph.nodes[id].name);
  if (refusal && !work.reached_weights && !chain->batchnorm) return {};
  if (refusal && refusal.code == "PADDED_CONSUMER") {
    note_run(context, *chain, refusal);
    return fold_scale(context, *chain, std::move(refusal));
  }
  if (refusal) {
    if (!chain->batchnorm) return {};
    return kept(graph, *chain, joined(work.path), std::move(refusal));
  }
  work.patch.replace_uses(chain->output, chain->input);
  for (NodeId node : chain->nodes) work.patch.remove_node(node);
  const std::string into = work.blocker, path = joined(work.path);
  return folded(graph, *chain, std::move(work), path, "folded into '" + into + "'");
}

}  // namespace

PassDef fold_forward() { return {Phase::Fold, "fold_forward", visit}; }

}  // namespace keel::passes
