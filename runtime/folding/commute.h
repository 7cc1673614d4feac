// Nodes an affine map per channel can pass: f(map(x)) = map'(f(x)).
#pragma once

#include <optional>

#include "runtime/folding/affine.h"
#include "runtime/graph.h"

namespace keel::folding {

// What stands behind the node, as the map in front of it that gives the same result; nullopt and a
// refusal where there is none.
//   Transpose, Reshape, Flatten, Squeeze, Unsqueeze   the axis is followed
//   AveragePool, GlobalAveragePool, ReduceMean        means, unless padding counts and t is not 0
//   Pad with zeros                                    where t = 0
//   MaxPool, GlobalMaxPool                            where s > 0
//   Relu, LeakyRelu                                   where s > 0 and t = 0
//   Identity, Dropout                                 always
std::optional<Affine> moved_before(const Graph& graph, const Node& node, const Affine& behind,
                                   Refusal& refusal);

// The other way round.
std::optional<Affine> moved_behind(const Graph& graph, const Node& node, const Affine& before,
                                   Refusal& refusal);

bool is_activation(const Node& node);

}  // namespace keel::folding
