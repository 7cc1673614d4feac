// From a node and concrete tensors to something that runs: what the planner, the executor (for
// shapes that only a run knows) and constant folding share.
#pragma once

#include <memory>
#include <vector>

#include "runtime/op.h"

namespace keel {

// infer for one node; fills in the node's name in errors. Inputs whose rank is unknown make the
// outputs unranked without asking the operator.
std::vector<TensorType> infer_node(const Node& node, std::vector<InferContext::Input> inputs);

// prepare for one node, with float16 widened where the operator asks for it.
Kernel prepare_node(const OpDef& op, const PrepareContext& context);

// Runs a prepared kernel; adds the node's name to errors.
void run_node(const Kernel& kernel, RunContext& context);

}  // namespace keel
