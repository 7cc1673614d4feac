#include "runtime/broadcast.h"

#include <algorithm>
#include <cassert>

#include "runtime/error.h"

namespace keel {
namespace {

// Strides of an operand along the axes of the result: 0 where it repeats.
Shape broadcast_strides(const Shape& result, const Shape& operand) {
  assert(operand.size() <= result.size());
  const std::size_t missing = result.size() - operand.size();
  const Shape own = strides_of(operand);
  Shape strides(result.size(), 0);
  for (std::size_t i = 0; i < operand.size(); ++i) {
    assert(operand[i] == 1 || operand[i] == result[missing + i]);
    if (operand[i] != 1) strides[missing + i] = own[i];
  }
  return strides;
}

}  // namespace

BroadcastPlan::BroadcastPlan(const Shape& result, const std::vector<Shape>& operands)
    : size(element_count(result)), inner(size), operands_(operands.size()), strides_(operands_) {
  assert(operands_ <= kMaxOperands);
  if (size == 0) return;
  std::vector<Shape> full(operands_);
  for (std::size_t k = 0; k < operands_; ++k) full[k] = broadcast_strides(result, operands[k]);
  for (std::size_t axis = 0; axis < result.size(); ++axis) {
    if (result[axis] == 1) continue;
    bool merge = !outer_.empty();
    for (std::size_t k = 0; k < operands_ && merge; ++k)
      merge = strides_[k].back() == full[k][axis] * result[axis];
    if (!merge) outer_.push_back(1);
    outer_.back() *= result[axis];
    for (std::size_t k = 0; k < operands_; ++k) {
      if (!merge) strides_[k].push_back(0);
      strides_[k].back() = full[k][axis];
    }
  }
  if (outer_.empty()) return;  // one element
  inner = outer_.back();
  outer_.pop_back();
  for (std::size_t k = 0; k < operands_; ++k) {
    steps[k] = strides_[k].back();
    strides_[k].pop_back();
  }
}

void BroadcastPlan::merge_short_rows() {
  constexpr std::int64_t kShort = 64;
  if (operands_ != 2 || outer_.empty() || inner >= kShort || steps[0] != 1 || steps[1] != 1) return;
  for (const std::size_t k : {0, 1}) {
    if (strides_[k].back() != 0 || strides_[1 - k].back() != inner) continue;
    periodic = k;
    period = inner;
    inner *= outer_.back();
    outer_.pop_back();
    for (Shape& strides : strides_) strides.pop_back();
    return;
  }
}

BroadcastWalk::BroadcastWalk(const BroadcastPlan& plan, std::int64_t begin, std::int64_t end)
    : out(begin), n(0), plan_(plan), end_(end) {
  if (begin >= end) return;
  std::int64_t row = begin / plan.inner;
  for (std::size_t axis = plan.outer_.size(); axis-- > 0;) {
    index_[axis] = row % plan.outer_[axis];
    row /= plan.outer_[axis];
    for (std::size_t k = 0; k < plan.operands_; ++k)
      row_[k] += index_[axis] * plan.strides_[k][axis];
  }
  locate(begin % plan.inner);
}

void BroadcastWalk::next() {
  out += n;
  n = 0;
  if (out >= end_) return;
  for (std::size_t axis = plan_.outer_.size(); axis-- > 0;) {
    const bool wraps = ++index_[axis] == plan_.outer_[axis];
    const std::int64_t steps = wraps ? 1 - plan_.outer_[axis] : 1;
    for (std::size_t k = 0; k < plan_.operands_; ++k) row_[k] += steps * plan_.strides_[k][axis];
    if (!wraps) break;
    index_[axis] = 0;
  }
  locate(0);
}

void BroadcastWalk::locate(std::int64_t column) {
  n = std::min(plan_.inner - column, end_ - out);
  for (std::size_t k = 0; k < plan_.operands_; ++k) at[k] = row_[k] + column * plan_.steps[k];
  if (plan_.period == 0) return;
  phase = column % plan_.period;
  at[plan_.periodic] = row_[plan_.periodic] + phase;
}

Shape aligned_operand(const Node& node, std::size_t a_rank, const Shape& b) {
  if (!node.has("axis") || b.empty()) return b;
  std::int64_t axis = node.int_or("axis", 0);
  const auto rank = static_cast<std::int64_t>(a_rank), own = static_cast<std::int64_t>(b.size());
  if (axis < 0 && axis >= -rank) axis += rank;
  if (axis < 0 || axis > rank - own)
    node.fail_attribute("axis", str("expected a value in [", -rank, ", ", rank - own, "], got ",
                                    node.int_or("axis", 0)));
  Shape aligned = b;
  aligned.resize(static_cast<std::size_t>(rank - axis), 1);
  return aligned;
}

}  // namespace keel
