// Opset differences end here: every form an operator has had since opset 1 becomes the newest one.
#pragma once

#include <functional>
#include <string>

#include "runtime/graph.h"

namespace keel::loaders {

struct UpgradeContext {
  const Graph& graph;  // types and constants known so far
  // A new constant of the graph; `name` is a wish.
  std::function<ValueId(const std::string& name, Tensor tensor)> add_constant;
};

// Brings a node of the default domain from Node::version to the newest form. Node::version stays.
void upgrade(Node& node, const UpgradeContext& context);

}  // namespace keel::loaders
