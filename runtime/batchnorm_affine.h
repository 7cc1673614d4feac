// BatchNormalization at inference as what it is: an affine map per channel,
//   y = s[c] * x + t[c],  s = scale / sqrt(var + epsilon),  t = bias - mean * s,
// computed in double from the stored values. epsilon is the float32 attribute widened; it is never
// added in the type of the tensors (1e-5 is subnormal in float16).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/graph.h"

namespace keel {

struct ChannelAffine {
  std::vector<double> s, t;  // by channel
};

// Why a BatchNormalization cannot be folded: a reason code and a sentence.
struct FoldRefusal {
  std::string code;
  std::string message;
  std::string blocker;  // name of the node in the way, where there is one
};

// The map of a BatchNormalization node, or why it is not one that can be folded (DYNAMIC_BN,
// TRAINING_MODE, SPATIAL_0, EXTRA_OUTPUTS, OVERRIDABLE, BAD_VARIANCE, TYPE_MISMATCH).
std::optional<ChannelAffine> batchnorm_affine(const Graph& graph, const Node& node,
                                              bool allow_overridable, FoldRefusal& refusal);

}  // namespace keel
