// Which axes a reduction takes away, and how memory falls into runs along them.
#pragma once

#include <optional>
#include <vector>

#include "runtime/op.h"

namespace keel {

// By axis of the input: reduced or kept. `axes` null or empty: all, or none with
// noop_with_empty_axes. Throws Error(BadInput) for an axis out of range or given twice.
std::vector<bool> reduced_axes(const Node& node, std::size_t rank, const TensorRef* axes);

// The same while a plan is made; nullopt where only the run knows the axes.
std::optional<std::vector<bool>> reduced_axes(const PrepareContext& context);

// Sets output 0 to the reduced input 0 of the same type; keepdims and input 1 as the specification
// has them.
void infer_reduced(InferContext& context);

// The input seen as rows: element (row, k, i) lies at kept_offsets[row] + reduced_offsets[k] + i
// for i < run. The run is reduced too (run_reduced), or belongs to the output row, which is then
// `run` elements wide. Rows follow the order of the output.
struct ReduceSplit {
  std::vector<std::int64_t> kept_offsets, reduced_offsets;
  std::int64_t run = 1;
  bool run_reduced = true;
};
ReduceSplit reduce_split(const Shape& dims, const std::vector<bool>& reduced);

}  // namespace keel
