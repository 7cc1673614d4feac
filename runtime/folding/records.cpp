#include "runtime/folding/records.h"

#include <algorithm>
#include <map>
#include <set>

#include "runtime/all_nodes.h"

namespace keel::folding {
namespace {

// Of several passes' refusals the report gives the one nearest to a fold: the later in what has to
// hold, the better the reason.
constexpr const char* kNearestFirst[] = {"TRAINING_MODE",
                                         "SPATIAL_0",
                                         "EXTRA_OUTPUTS",
                                         "DYNAMIC_BN",
                                         "BAD_VARIANCE",
                                         "OVERFLOW",
                                         "OVERRIDABLE",
                                         "QUANTISED",
                                         "TYPE_MISMATCH",
                                         "DYNAMIC_WEIGHT",
                                         "PADDED_CONSUMER",
                                         "AXIS_MISMATCH",
                                         "MULTI_USE",
                                         "GRAPH_OUTPUT",
                                         "ACTIVATION_BETWEEN",
                                         "UNKNOWN_RANK",
                                         "CONSUMER_NOT_FOLDABLE"};

std::ptrdiff_t distance(const std::string& code) {
  return std::find(std::begin(kNearestFirst), std::end(kNearestFirst), code) -
         std::begin(kNearestFirst);
}

bool better(const Decision& a, const Decision& b) {
  if (a.done != b.done) return a.done;
  return !a.done && distance(a.code) < distance(b.code);
}

// The decision on every node, its own or that of the chain it is part of.
using ByNode = std::map<std::string, const Decision*>;

bool is_batchnorm(const Node& node) {
  return node.domain.empty() && node.op_type == "BatchNormalization";
}

ByNode by_node(const std::vector<Decision>& decisions) {
  ByNode best;
  const auto note = [&](const std::string& name, const Decision& decision) {
    const Decision*& place = best[name];
    if (place == nullptr || better(decision, *place)) place = &decision;
  };
  for (const Decision& decision : decisions) {
    if (!is_folding(decision)) continue;
    note(decision.node, decision);
    for (const std::string& name : decision.covered) note(name, decision);
  }
  return best;
}

// Of a chain merged into one node: the one that has the fate of the merged node, the last
// BatchNormalization or else the last of all. The others are no more.
const std::string& heir(const std::set<std::string>& batchnorms, const Decision& decision) {
  if (batchnorms.count(decision.node) != 0) return decision.node;
  for (auto it = decision.covered.rbegin(); it != decision.covered.rend(); ++it)
    if (batchnorms.count(*it) != 0) return *it;
  return decision.node;
}

struct Reading {
  ByNode best;
  std::set<std::string> batchnorms;  // of the model as read
};

FoldRecord record_of(const Reading& reading, const std::string& name, const Decision& decision) {
  const ByNode& best = reading.best;
  FoldRecord record{name,
                    "",
                    decision.done ? "folded" : "kept",
                    decision.pattern,
                    decision.code,
                    decision.blocker,
                    decision.message,
                    decision.max_scale,
                    decision.cancellation};
  if (!decision.done) return record;
  bool rest_folded = true;
  const Decision* kept = nullptr;
  for (const std::string& rest : decision.rest) {
    const auto found = best.find(rest);
    if (found == best.end()) {  // nothing was said of it, so it stays
      rest_folded = false;
      continue;
    }
    const bool folded = record_of(reading, rest, *found->second).status == "folded";
    rest_folded = rest_folded && folded;
    if (!folded) kept = found->second;
  }
  if (decision.pass == "fold_chain") {
    if (kept == nullptr || name != heir(reading.batchnorms, decision)) return record;
    record = record_of(reading, decision.rest[0], *kept);
    record.name = name;
    return record;
  }
  if (decision.rest.empty() ? !decision.code.empty() : !rest_folded) {
    record.status = "partial";
    return record;
  }
  record.code.clear();
  // Of a scale and its shift the latter was folded last.
  if (decision.pass == "fold_forward" && !decision.rest.empty())
    record.message = best.at(decision.rest[0])->message;
  return record;
}

}  // namespace

bool is_folding(const Decision& decision) {
  const auto& pass = decision.pass;
  return pass == "fold_backward" || pass == "fold_border" || pass == "fold_chain" ||
         pass == "fold_forward" || pass == "fold_split";
}

std::vector<FoldRecord> fold_records(const Graph& original,
                                     const std::vector<Decision>& decisions) {
  Reading reading{by_node(decisions), {}};
  for_each_node(original, [&](const Node& node) {
    if (is_batchnorm(node)) reading.batchnorms.insert(node.name);
  });
  std::vector<FoldRecord> records;
  for_each_node(original, [&](const Node& node) {
    const auto found = reading.best.find(node.name);
    if (found == reading.best.end()) return;
    // A chain is one record: its BatchNormalization's or, where it has none, its last node's.
    const Decision& decision = *found->second;
    if (!is_batchnorm(node) && node.name != heir(reading.batchnorms, decision)) return;
    records.push_back(record_of(reading, node.name, decision));
    records.back().op = node.op_type;
  });
  return records;
}

}  // namespace keel::folding
