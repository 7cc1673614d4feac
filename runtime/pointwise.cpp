#include "runtime/pointwise.h"

#include <algorithm>

#include "runtime/window.h"

namespace keel {
namespace {

bool all(const Shape& values, std::int64_t wanted) {
  return std::all_of(values.begin(), values.end(), [&](std::int64_t v) { return v == wanted; });
}

}  // namespace

bool is_plain_pointwise(const Graph& graph, const Node& node) {
  if (node.op_type != "Conv" || !node.domain.empty() || !node.epilogue.empty()) return false;
  const TensorType &x = graph.values[node.inputs[0]].type, &w = graph.values[node.inputs[1]].type;
  if (x.type != DataType::Float || !x.ranked || !w.ranked || x.rank() < 3 || w.rank() != x.rank())
    return false;
  const Shape kernel(w.dims.begin() + 2, w.dims.end());
  if (!all(kernel, 1)) return false;
  const Window window = window_of(node, kernel);
  return all(window.strides, 1) && all(window.pads, 0);
}

}  // namespace keel
