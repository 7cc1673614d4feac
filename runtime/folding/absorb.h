// How operators with weights take an affine map up, from behind (into what produces a value) and
// from in front (into every node that reads it). All edits go into Work::patch; after a refusal the
// Work is of no use any more.
#pragma once

#include "runtime/folding/weights.h"

namespace keel::folding {

// Afterwards `value`, which `user` alone reads, is map(value). Passes what commutes, and Concat
// along the axis of the channels if all its branches take their part up.
Refusal absorb_before(Work& work, ValueId value, const Affine& map, const std::string& user);

// Afterwards every reader of `value` does with it what it did with map(value).
Refusal absorb_behind(Work& work, ValueId value, const Affine& map, const std::string& producer);

// The part of `map` that belongs to branch i of a Concat; nullopt where the sizes of the branches
// are not known.
std::optional<Affine> branch_of(const Graph& graph, const Node& concat, std::size_t i,
                                const Affine& map);

// By operator. `map` runs over the result (before) or over the data (behind) of the node.
Refusal absorb_before_conv(Work& work, NodeId node, const Affine& map);
Refusal absorb_before_conv_transpose(Work& work, NodeId node, const Affine& map);
Refusal absorb_before_gemm(Work& work, NodeId node, const Affine& map);
Refusal absorb_before_matmul(Work& work, NodeId node, const Affine& map);

Refusal absorb_behind_conv(Work& work, NodeId node, const Affine& map);
Refusal absorb_behind_conv_transpose(Work& work, NodeId node, const Affine& map);
Refusal absorb_behind_gemm(Work& work, NodeId node, const Affine& map);
Refusal absorb_behind_matmul(Work& work, NodeId node, ValueId data, const Affine& map);

// Adds a node that gives output = input + t, named after `like`, of the type of `output`.
Refusal add_shift(Work& work, const Node& like, const Affine& map, ValueId input, ValueId output);
void add_constant_to(Work& work, const Node& like, Tensor constant, ValueId input, ValueId output);

}  // namespace keel::folding
