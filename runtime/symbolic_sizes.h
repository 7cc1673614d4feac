// Lists of sizes that a graph computes from shapes, as far as they are known before any run:
//
//   Concat(Gather(Shape(x [N, 128, 768]), 0), 12, 64)   =   [N, 12, 64]
#pragma once

#include <optional>
#include <vector>

#include "runtime/graph.h"

namespace keel {

// An integer, or a dim that has a symbol.
struct SymbolicSize {
  std::int64_t number = 0;
  Dim symbol = 0;  // 0: it is the number
};
inline bool operator==(const SymbolicSize& a, const SymbolicSize& b) {
  return a.number == b.number && a.symbol == b.symbol;
}

// The elements of a value of integers with at most one axis; nullopt where one of them is not
// known, or where finding out would take long.
std::optional<std::vector<SymbolicSize>> symbolic_sizes(const Graph& graph, ValueId id);

}  // namespace keel
