// The equation of an Einsum node: which axes of the operands and of the result belong together.
#pragma once

#include <string>
#include <vector>

#include "runtime/graph.h"

namespace keel {

// Every axis of every operand has a label. Labels 0 .. output.size() - 1 are the axes of the
// result, in order; those beyond are summed over.
struct EinsumLabels {
  std::vector<std::vector<int>> operands;  // by operand, by axis
  int outputs = 0;
  int labels = 0;
};

// Reads the attribute `equation` for operands of these ranks. Throws Error(MalformedModel) on bad
// syntax, Error(BadInput) where ranks do not fit.
EinsumLabels read_einsum(const Node& node, const std::vector<std::int64_t>& ranks);

}  // namespace keel
