// Weights stored as integers: DequantizeLinear(q, scale, zero point), (q - zero) * scale, with one
// scale for all or one for each feature. A map per feature goes into the scales; the integers stay,
// except where a factor is negative: there they are mirrored about the zero point.
#pragma once

#include "runtime/folding/weights.h"

namespace keel::folding {

// Whether the input slot is what a DequantizeLinear gives.
bool is_dequantised(const Graph& graph, const Node& node, std::size_t slot);

// The weights in the slot times factor[i] where their coordinate along `axis` is i. QUANTISED where
// the scales cannot express it, MULTI_USE where other nodes read the weights too.
Refusal scale_dequantised(Work& work, const Node& node, std::size_t slot, std::int64_t axis,
                          const std::vector<double>& factors);

}  // namespace keel::folding
