#include "tools/verify.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/interrupt.h"

namespace keel::tools {
namespace {

void merge(std::vector<ValueCheck>& into, const std::vector<ValueCheck>& checks) {
  if (into.empty()) into = checks;
  for (std::size_t i = 0; i < checks.size() && i < into.size(); ++i) into[i].merge(checks[i]);
}

bool all_ok(const std::vector<ValueCheck>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const ValueCheck& c) { return c.ok; });
}

// Inputs are drawn for the model as it stands.
Model plain_model(const Graph& graph, Options options) {
  options.opt = OptLevel::None;
  return Model(build_model(graph, options));
}

}  // namespace

VerifyResult verify_fold(const Graph& original, const Graph& folded,
                         const std::set<std::string>& changed, const Options& options,
                         const InputFlags& flags, int count) {
  VerifyResult result;
  result.inputs = count;
  result.seed = flags.seed;
  std::vector<NamedTensors> inputs;
  {
    const Model model = plain_model(original, options);
    for (int i = 0; i < count; ++i)
      inputs.push_back(
          i == 0 ? flags.tensors(model, true)
                 : flags.random_tensors(model, flags.seed + static_cast<std::uint64_t>(i)));
  }
  const auto poll = [stop = stoppable(0).stop] {
    if (stop()) throw Error(ErrorCode::Cancelled, "interrupted");
  };
  for (const NamedTensors& tensors : inputs) {
    const LockstepResult one = run_lockstep(original, folded, changed, tensors, poll);
    merge(result.outputs, one.outputs);
    merge(result.layers, one.layers);
  }
  std::stable_sort(result.layers.begin(), result.layers.end(),
                   [](const ValueCheck& a, const ValueCheck& b) { return a.nme > b.nme; });
  result.ok = all_ok(result.outputs) && all_ok(result.layers);
  return result;
}

}  // namespace keel::tools
