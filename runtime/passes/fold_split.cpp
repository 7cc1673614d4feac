// A -> Conv ---.                                A -> Conv' ---------------------.
//              Concat -> BatchNormalization  =>                                  Concat
// B -> Relu ---'                                B -> Relu -> BatchNormalization -'
//
// Over the branches of a Concat that can take their channels up, the others keep a narrower one:
// where those are the fewer, for many small normalisations cost more than one large.
#include "runtime/error.h"
#include "runtime/folding/absorb.h"
#include "runtime/folding/rewrite.h"
#include "runtime/folding/verdict.h"

namespace keel::passes {
namespace {

using namespace folding;  // NOLINT: this file is the front of that namespace

// The Concat that gives `id` and whose channels the map runs over, if it alone is read by the
// chain.
const Node* concat_before(const Graph& graph, const Chain& chain) {
  const Value& value = graph.values[chain.input];
  if (value.producer == kNone || value.users.size() != 1 || value.graph_output) return nullptr;
  const Node& node = graph.nodes[value.producer];
  return is_op(node, "Concat") && node.epilogue.empty() ? &node : nullptr;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const bool overridable = context.options.allow_overridable;
  Refusal refusal;
  const auto chain = chain_ending_in(graph, id, overridable, refusal);
  if (!chain || !chain->batchnorm || chain->map.uniform()) return {};
  const Node* concat = concat_before(graph, *chain);
  if (concat == nullptr) return {};
  const NodeId concat_id = graph.values[chain->input].producer;
  const Node& last = graph.nodes[id];
  Work work{graph, overridable, Patch(graph), 0, "", {}, false, false, &context.parallel};
  std::vector<std::string> rest;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < concat->inputs.size(); ++i) {
    const auto part = branch_of(graph, *concat, i, chain->map);
    if (!part) return {};
    Work attempt = work;
    Refusal own = absorb_before(attempt, concat->inputs[i], *part, concat->name);
    if (!own && !attempt.left_shift) {
      work.patch = std::move(attempt.patch);
      work.cancellation = attempt.cancellation;
      if (work.blocker.empty()) work.blocker = attempt.blocker;
      ++taken;
      continue;
    }
    if (own) refusal = own;
    const Value& branch = graph.values[concat->inputs[i]];
    const ValueId narrow = work.patch.add_value(branch.name + "_normalised", branch.type);
    rest.push_back(str(last.name, "_", i));
    if (add_map(work, rest.back(), last.version, *part, true, branch.type, concat->inputs[i],
                narrow))
      return {};
    work.patch.set_input(concat_id, i, narrow);
  }
  if (taken == 0 || rest.size() > taken) return {};
  work.patch.set_output(concat_id, 0, chain->output);
  for (NodeId node : chain->nodes) work.patch.remove_node(node);
  PassResult result =
      folded(graph, *chain, std::move(work), "Concat->" + chain->ops(graph),
             str(taken, " of ", concat->inputs.size(),
                 " branches took their channels up; of the others: ", refusal.message));
  result.decision->code = refusal.code;
  result.decision->blocker = refusal.blocker;
  result.decision->rest = std::move(rest);
  return result;
}

}  // namespace

PassDef fold_split() { return {Phase::Fold, "fold_split", visit}; }

}  // namespace keel::passes
