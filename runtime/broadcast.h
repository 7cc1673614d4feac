// The walk over the result of an elementwise operator whose operands are broadcast: adjacent axes
// along which every operand advances alike are one, so that the inner loop is as long as it can be.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/graph.h"
#include "runtime/tensor.h"

namespace keel {

// Rows of `inner` results, one behind the other. Along a row operand k either advances by one
// element (steps[k] is 1) or repeats one (0).
class BroadcastPlan {
 public:
  // result: sizes of the result; operands: sizes of each, aligned at the last axis. Sizes are
  // concrete and broadcast to `result`, at most kMaxOperands of them.
  BroadcastPlan(const Shape& result, const std::vector<Shape>& operands);

  // Of two operands: where rows are short and follow each other in one operand, while the other
  // repeats one row ([H, W, 3] and [3]), makes them one row. The other operand is then `periodic`:
  // the element of its row at column c is number c % period.
  void merge_short_rows();

  static constexpr std::size_t kMaxOperands = 4;
  std::int64_t size = 0;   // elements of the result
  std::int64_t inner = 0;  // results of one row
  std::array<std::int64_t, kMaxOperands> steps = {};
  std::int64_t period = 0;   // 0: no operand is periodic
  std::size_t periodic = 0;  // which one

 private:
  friend class BroadcastWalk;
  std::size_t operands_;
  Shape outer_;                 // sizes of the axes before the row, outermost first
  std::vector<Shape> strides_;  // by operand, of the outer axes
};

// The pieces of rows that make up results [begin, end):
//   for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next()) …
class BroadcastWalk {
 public:
  BroadcastWalk(const BroadcastPlan& plan, std::int64_t begin, std::int64_t end);
  void next();

  std::int64_t out;  // index of the piece's first result
  std::int64_t n;    // results in the piece
  // Where operand k begins; a periodic one is at its element number `phase`.
  std::array<std::int64_t, BroadcastPlan::kMaxOperands> at = {};
  std::int64_t phase = 0;

 private:
  void locate(std::int64_t column);
  const BroadcastPlan& plan_;
  std::int64_t end_;
  std::array<std::int64_t, kRankLimit> index_;  // of the row
  std::array<std::int64_t, BroadcastPlan::kMaxOperands> row_ = {};
};

// The sizes of input B of a binary node as numpy's rule wants them: opset 6 has an attribute `axis`
// that says which dim of A the first dim of B belongs to; B is then padded with trailing ones.
Shape aligned_operand(const Node& node, std::size_t a_rank, const Shape& b);

}  // namespace keel
