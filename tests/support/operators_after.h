// What is left of a graph when it has been optimised.
#pragma once

#include <string>
#include <vector>

#include "runtime/model.h"

namespace keel::test {

using Operators = std::vector<std::string>;

// The operators that stay, in order; reorders aside.
inline Operators operators_after(Graph graph, const Options& options = {}) {
  std::vector<Decision> decisions;
  optimize_for_running(graph, options, decisions);
  Operators names;
  for (NodeId id : graph.order)
    if (graph.nodes[id].op_type != "Reorder") names.push_back(graph.nodes[id].op_type);
  return names;
}

}  // namespace keel::test
