// Original and folded model node by node on the same inputs, values freed after their last use.
//
// A value is an anchor where both models have it under one name and with one meaning. Every part of
// the folded model between anchors is run twice: on its own predecessors' results, which gives what
// the model as a whole says, and on the original's anchors, which gives what folding alone changed.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/graph.h"
#include "tools/value_check.h"

namespace keel::tools {

struct LockstepResult {
  std::vector<ValueCheck> outputs, layers;
};

// `changed`: names that both have and that do not mean the same. Throws Error where a node fails.
LockstepResult run_lockstep(const Graph& original, const Graph& folded,
                            const std::set<std::string>& changed,
                            const std::map<std::string, Tensor>& inputs,
                            const std::function<void()>& poll);

}  // namespace keel::tools
