// What is left of a graph when it has been optimised.
#pragma once

#include <string>
#include <vector>

#include "runtime/model.h"

namespace keel::test {

// The operators that stay, in order.
inline std::vector<std::string> operators_after(Graph graph) {
  std::vector<Decision> decisions;
  optimize_for_running(graph, {}, decisions);
  std::vector<std::string> names;
  for (NodeId id : graph.order) names.push_back(graph.nodes[id].op_type);
  return names;
}

}  // namespace keel::test
