// Constants of a graph as passes need them: looked through, read in double, rounded once.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/graph.h"

namespace keel {

// The constant behind `id`, seen through Identity and Cast nodes; null if it is not constant.
std::shared_ptr<const Tensor> constant_behind(const Graph& graph, ValueId id);

// True if the constant behind `id` may be replaced by the caller of a run.
bool overridable_behind(const Graph& graph, ValueId id);

// Element i of a float, double, float16 or bfloat16 tensor.
double element_as_double(const Tensor& tensor, std::int64_t i);
bool is_floating(DataType type);

// All elements; the tensor must be floating.
std::vector<double> as_doubles(const Tensor& tensor);

// Rounds `value` once and stores it as element i. False where the result is not finite.
bool store_rounded(Tensor& tensor, std::int64_t i, double value);

}  // namespace keel
