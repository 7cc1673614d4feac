#include "runtime/folding/verdict.h"

namespace keel::folding {
namespace {

void note_covered(const Graph& graph, const Chain& chain, Decision& decision) {
  for (std::size_t i = 0; i + 1 < chain.nodes.size(); ++i)
    decision.covered.push_back(graph.nodes[chain.nodes[i]].name);
}

}  // namespace

PassResult folded(const Graph& graph, const Chain& chain, Work work, std::string pattern,
                  std::string message) {
  Decision decision;
  decision.pattern = std::move(pattern);
  decision.blocker = std::move(work.blocker);
  decision.message = std::move(message);
  decision.max_scale = chain.map.max_scale();
  decision.cancellation = work.cancellation;
  note_covered(graph, chain, decision);
  return {std::move(work.patch), std::move(decision)};
}

PassResult kept(std::string pattern, Refusal refusal) {
  Decision decision;
  decision.pattern = std::move(pattern);
  decision.code = std::move(refusal.code);
  decision.blocker = std::move(refusal.blocker);
  decision.message = std::move(refusal.message);
  return {std::nullopt, std::move(decision)};
}

PassResult kept(const Graph& graph, const Chain& chain, std::string pattern, Refusal refusal) {
  PassResult result = kept(std::move(pattern), std::move(refusal));
  result.decision->max_scale = chain.map.max_scale();
  note_covered(graph, chain, *result.decision);
  return result;
}

std::string joined(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& op : path) text += (text.empty() ? "" : "->") + op;
  return text;
}

}  // namespace keel::folding
