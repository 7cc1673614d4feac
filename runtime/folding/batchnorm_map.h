// BatchNormalization at inference as what it is: an affine map per channel (axis 1),
//   y = s[c] * x + t[c],  s = scale / sqrt(var + epsilon),  t = bias - mean * s,
// computed in double from the stored values. epsilon is the float32 attribute widened; it is never
// added in the type of the tensors (1e-5 is subnormal in float16).
#pragma once

#include "runtime/folding/affine.h"
#include "runtime/graph.h"

namespace keel::folding {

// The map of a BatchNormalization node, or why it is not one that can be folded (DYNAMIC_BN,
// TRAINING_MODE, SPATIAL_0, EXTRA_OUTPUTS, OVERRIDABLE, BAD_VARIANCE, TYPE_MISMATCH).
std::optional<Affine> batchnorm_map(const Graph& graph, const Node& node, bool allow_overridable,
                                    Refusal& refusal);

}  // namespace keel::folding
