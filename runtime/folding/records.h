// What became of every BatchNormalization, and of every chain treated as one: one record each, from
// the decisions of the passes.
#pragma once

#include <string>
#include <vector>

#include "runtime/graph.h"

namespace keel::folding {

struct FoldRecord {
  std::string name, op;  // of the node in the model as read
  std::string status;    // "folded", "partial" or "kept"
  std::string pattern;   // "Conv->BatchNormalization"
  std::string code;      // reason code; empty where folded
  std::string blocker;   // folded: the node with the weights; else the node in the way
  std::string message;   // a sentence the user can act on
  double max_scale = 0, cancellation = 0;
};

// In the order of the graph as it was before the passes.
std::vector<FoldRecord> fold_records(const Graph& original, const std::vector<Decision>& decisions);

// The decision is one of the passes that fold affine maps.
bool is_folding(const Decision& decision);

}  // namespace keel::folding
