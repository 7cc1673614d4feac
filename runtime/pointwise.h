// Convolutions that work on each pixel alone, which passes may therefore move.
#pragma once

#include "runtime/graph.h"

namespace keel {

// A Conv of floats with kernels of one element, neither strided nor padded, and no epilogue.
bool is_plain_pointwise(const Graph& graph, const Node& node);

}  // namespace keel
