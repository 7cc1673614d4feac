// What the folding passes say of a chain: the record that `keel fold` reports.
#pragma once

#include "runtime/folding/chain.h"
#include "runtime/folding/weights.h"
#include "runtime/optimizer.h"

namespace keel::folding {

// Folded: `pattern` is of the form "Conv->BatchNormalization", `message` says into what.
PassResult folded(const Graph& graph, const Chain& chain, Work work, std::string pattern,
                  std::string message);

// A refusal, for a chain and for a BatchNormalization that is no affine map.
PassResult kept(const Graph& graph, const Chain& chain, std::string pattern, Refusal refusal);
PassResult kept(std::string pattern, Refusal refusal);

// The operators of the path in order, joined: "Conv->Transpose".
std::string joined(const std::vector<std::string>& path);

}  // namespace keel::folding
