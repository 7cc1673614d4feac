// How an update of ScatterElements, ScatterND or TensorScatter meets the elements already there.
#pragma once

#include "runtime/op.h"

namespace keel {

// into[i] = into[i] (op) update[i] for n elements.
using Combine = void (*)(void* into, const void* update, std::int64_t n);

// By the attribute `reduction`: none, add, mul, min, max. Null for none. Fails with
// Error(MalformedModel) on another word, Error(Unsupported) on a type without arithmetic.
Combine scatter_reduction(const Node& node, DataType type);

}  // namespace keel
