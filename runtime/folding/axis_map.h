// Where the channels of a map lie in the shape on the other side of a node that moves axes.
#pragma once

#include <optional>

#include "runtime/folding/affine.h"
#include "runtime/graph.h"

namespace keel::folding {

// `map` belongs to a value of shape `from`; its elements in row-major order are those of `to`. The
// same map in terms of `to`; nullopt where it runs along no single axis there, or where unknown
// dims leave it open. A channel may become a block: [N, C, H, W] -> [N, C * H * W].
std::optional<Affine> reshaped(const Affine& map, const TensorType& from, const TensorType& to);

}  // namespace keel::folding
