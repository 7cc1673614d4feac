// Every node of a model, at any depth.
#pragma once

#include "runtime/graph.h"

namespace keel {

// Calls visit(node) for every live node, those of graphs inside nodes behind the node they are in.
template <typename Visit>
void for_each_node(const Graph& graph, const Visit& visit) {
  for (NodeId id : graph.order) {
    visit(graph.nodes[id]);
    for (const auto& [attribute, value] : graph.nodes[id].attributes)
      if (const auto* inner = std::get_if<std::shared_ptr<Graph>>(&value))
        for_each_node(**inner, visit);
  }
}

}  // namespace keel
