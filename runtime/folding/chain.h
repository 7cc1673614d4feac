// BatchNormalization, and what exporters write in its place: Add, Sub, Mul and Div with constants
// per channel, in either order of operands. Neighbours in a row are one affine map.
#pragma once

#include "runtime/folding/affine.h"
#include "runtime/graph.h"

namespace keel::folding {

struct Chain {
  std::vector<NodeId> nodes;  // first to last
  ValueId input = kNone, output = kNone;
  Affine map;
  bool batchnorm = false;  // one of the nodes is a BatchNormalization

  // "Mul->Add", "BatchNormalization"
  std::string ops(const Graph& graph) const;
};

bool is_op(const Node& node, const char* op);

// What a single node maps, and how; nullopt where it is no affine map. For a BatchNormalization
// that cannot be folded `refusal` says why.
struct AffineNode {
  ValueId data;
  Affine map;
};
std::optional<AffineNode> affine_node(const Graph& graph, const Node& node, bool allow_overridable,
                                      Refusal& refusal);

// The longest chain that ends in this node; nullopt where the node is no affine map, or where the
// chain goes on behind it.
std::optional<Chain> chain_ending_in(const Graph& graph, NodeId id, bool allow_overridable,
                                     Refusal& refusal);

}  // namespace keel::folding
