// MaxPool, AveragePool and LpPool of a node: its windows, and those as simd/pool.h has them.
#pragma once

#include "runtime/ops/pool_plain.h"
#include "simd/pool.h"

namespace keel {

// Windows over X of shape x [N, C, spatial]; pads not resolved, planes not set. Throws
// Error(MalformedModel) naming the attribute.
PlainPool pool_of(const Node& node, const Shape& x);

// At most two axes, pads resolved.
simd::PoolShape pool_shape(const PlainPool& pool);

}  // namespace keel
