// How far the results of a node may be off, from what it sums up.
#pragma once

#include <vector>

#include "runtime/graph.h"

namespace keel::tools {

// The node on magnitudes: its weights, biases and means replaced by their absolute values, and
// differences by sums. Run on |x| it gives |W| * |x| + |b| for a convolution, and
// |s| (|x| + |mean|) + |bias| for a BatchNormalization.
struct MagnitudeNode {
  Node node;
  std::vector<Tensor> constants;  // by input; empty where the input is data
};
MagnitudeNode magnitude_node(const Graph& graph, const Node& node);

// |x| of a floating tensor; another one as it is.
Tensor magnitude(const Tensor& tensor);

// How many roundings a result of the node is the sum of: the length of what it sums over, and one
// for each further operation.
double roundings(const Graph& graph, const Node& node);

// The unit roundoff of a floating type; 0 for another.
double unit_roundoff(DataType type);

}  // namespace keel::tools
