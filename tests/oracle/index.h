// Positions read from tensors, shared by Gather and Scatter.
#pragma once

#include "tests/oracle/call.h"

namespace keel::oracle {

// index in [-n, n) made non-negative.
std::int64_t wrapped_index(const Call& c, std::int64_t index, std::int64_t n);

// For every tuple along the last axis of `indices`, the flat start of the slice of `data` it names;
// the first `batch` axes are common to both.
Indices nd_starts(const Call& c, const Array& data, const Array& indices, std::int64_t batch);

}  // namespace keel::oracle
