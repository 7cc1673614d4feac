// Which axes a reduction takes away, and how memory falls into runs along them.
#pragma once

#include <array>
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

// Some axes of a tensor, neighbours that are one block of memory merged.
struct AxisGroup {
  Shape dims, strides;
  std::int64_t count = 1;  // product of dims
};

// The offsets of a group's positions from number `start` on, in row-major order:
//   for (AxisWalk walk(group); walk.left > 0; walk.next()) … walk.offset …
class AxisWalk {
 public:
  explicit AxisWalk(const AxisGroup& group, std::int64_t start = 0);
  void next() {
    --left;
    if (last_ < 0) return;
    offset += group_.strides[static_cast<std::size_t>(last_)];
    if (++index_[static_cast<std::size_t>(last_)] == group_.dims[static_cast<std::size_t>(last_)])
      carry();
  }

  std::int64_t left;
  std::int64_t offset = 0;

 private:
  void carry();
  const AxisGroup& group_;
  std::int64_t last_;  // innermost axis of the group, -1 for none
  std::array<std::int64_t, kRankLimit> index_;
};

// The input seen as rows: element (row, k, i) lies at kept(row) + reduced(k) + i for i < run. The
// run is reduced too (run_reduced), or belongs to the output row, which is then `run` elements
// wide. Rows follow the order of the output. Of an empty input nothing is reduced.
struct ReduceSplit {
  AxisGroup kept, reduced;
  std::int64_t run = 1;
  bool run_reduced = true;
};
ReduceSplit reduce_split(const Shape& dims, const std::vector<bool>& reduced);

}  // namespace keel
