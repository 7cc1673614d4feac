// Slice: y[i] = x[start + i * step] along some axes, with numpy's rules for negative and excessive
// bounds.
#include <algorithm>
#include <optional>

#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

struct Range {
  std::int64_t start = 0, step = 1, count = 0;
};

Range clamp_range(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
  if (start < 0) start += size;  // no overflow: of opposite sign
  if (end < 0) end += size;
  const std::int64_t last = step > 0 ? size : size - 1;
  start = std::clamp<std::int64_t>(start, step > 0 ? 0 : std::min<std::int64_t>(last, 0), last);
  end = std::clamp<std::int64_t>(end, step > 0 ? 0 : -1, last);
  if (size == 0 || (step > 0 ? start >= end : start <= end)) return {0, 1, 0};
  const auto distance = static_cast<std::uint64_t>(step > 0 ? end - start : start - end);
  const std::uint64_t stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const auto count = static_cast<std::int64_t>(1 + (distance - 1) / stride);
  return {start, count == 1 ? 1 : step, count};
}

// One row for each axis that is sliced.
struct Bounds {
  std::vector<std::int64_t> starts, ends, axes, steps;
};

// What is given, checked; `list(i)` yields the elements of input i, or nullopt.
template <typename List>
std::optional<Bounds> read_bounds(const Node& node, std::int64_t rank, const List& list) {
  const auto starts = list(1), ends = list(2);
  if (!starts || !ends) return std::nullopt;
  Bounds bounds{*starts, *ends, {}, {}};
  const std::size_t count = bounds.starts.size();
  if (node.has_input(3)) {
    const auto axes = list(3);
    if (!axes) return std::nullopt;
    bounds.axes = unique_axes(node, *axes, rank);
  } else {
    for (std::size_t k = 0; k < count; ++k) bounds.axes.push_back(static_cast<std::int64_t>(k));
  }
  bounds.steps.assign(count, 1);
  if (node.has_input(4)) {
    const auto steps = list(4);
    if (!steps) return std::nullopt;
    bounds.steps = *steps;
  }
  if (bounds.ends.size() != count || bounds.axes.size() != count || bounds.steps.size() != count)
    node.fail(ErrorCode::BadInput,
              str("expected as many ends, axes and steps as starts (", count, "), got ",
                  bounds.ends.size(), ", ", bounds.axes.size(), " and ", bounds.steps.size()));
  if (static_cast<std::int64_t>(count) > rank)
    node.fail(ErrorCode::BadInput, str("starts: ", count, " values for a tensor of rank ", rank));
  for (std::int64_t step : bounds.steps)
    if (step == 0) node.fail(ErrorCode::BadInput, "steps: a step must not be 0");
  return bounds;
}

// The dims where starts or ends are not known: those of the sliced axes are lost.
Shape unknown_slice(const InferContext& context, Shape dims) {
  const auto rank = static_cast<std::int64_t>(dims.size());
  std::vector<std::int64_t> axes;
  if (context.has_input(3)) {
    const auto given = context.ints(3);
    if (!given) return Shape(dims.size(), kUnknownDim);
    axes = unique_axes(context.node, *given, rank);
  } else {
    const Dim count = list_length(context, 1);
    for (std::int64_t k = 0; k < (count < 0 ? rank : std::min(count, rank)); ++k) axes.push_back(k);
  }
  for (std::int64_t axis : axes) dims[static_cast<std::size_t>(axis)] = kUnknownDim;
  return dims;
}

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  for (std::size_t i = 1; i < 5; ++i)
    if (i < 3 || context.has_input(i)) list_length(context, i);
  Shape dims = context.input(0).dims;
  const auto bounds =
      read_bounds(context.node, context.rank(0), [&](std::size_t i) { return context.ints(i); });
  if (!bounds) return context.set_output(0, context.type(0), unknown_slice(context, dims));
  for (std::size_t k = 0; k < bounds->starts.size(); ++k) {
    Dim& dim = dims[static_cast<std::size_t>(bounds->axes[k])];
    const std::int64_t start = bounds->starts[k], end = bounds->ends[k], step = bounds->steps[k];
    if (dim >= 0)
      dim = clamp_range(start, end, step, dim).count;
    else if (start != 0 || step != 1 || end < INT32_MAX)
      dim = kUnknownDim;
  }
  context.set_output(0, context.type(0), std::move(dims));
}

// A blocked input stays so unless channels are picked with a step.
LayoutChoice layout(const LayoutQuery& query) {
  if ((query.blocked_inputs & 1u) == 0 || !can_block(query.outputs[0])) return {};
  const auto bounds = read_bounds(query.node, query.inputs[0].rank(),
                                  [&](std::size_t i) -> std::optional<std::vector<std::int64_t>> {
                                    if (i >= query.values.size() || query.values[i] == nullptr)
                                      return std::nullopt;
                                    return all_ints(ref(*query.values[i]));
                                  });
  if (!bounds) return {};
  for (std::size_t k = 0; k < bounds->axes.size(); ++k)
    if (bounds->axes[k] == 1 && bounds->steps[k] != 1) return {};
  return {1, 1};
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  MoveList list;
  if (y.size() == 0) return move_kernel(std::move(list), "slice");
  const auto bounds =
      read_bounds(context.node, static_cast<std::int64_t>(x.dims.size()), [&](std::size_t i) {
        return std::optional<std::vector<std::int64_t>>(known_ints(context, i));
      });
  Shape begin(x.dims.size(), 0), step(x.dims.size(), 1);
  for (std::size_t k = 0; k < bounds->axes.size(); ++k) {
    const auto axis = static_cast<std::size_t>(bounds->axes[k]);
    const Range range =
        clamp_range(bounds->starts[k], bounds->ends[k], bounds->steps[k], x.dims[axis]);
    begin[axis] = range.start;
    step[axis] = range.step;
  }
  if (y.layout == Layout::Blocked16) {
    const Shape origin(x.dims.size(), 0);
    add_blocked_moves(y.dims, {y.dims, origin, {}}, {x.dims, begin, step}, {{}, 0}, list.moves);
    return move_kernel(std::move(list), "slice");
  }
  Shape strides = strides_of(x.dims);
  std::int64_t at = 0;
  for (std::size_t k = 0; k < strides.size(); ++k) {
    at += begin[k] * strides[k];
    strides[k] *= step[k];
  }
  list.moves.push_back({StridedCopy(y.type, y.dims, strides_of(y.dims), strides, 0, at), 0});
  return move_kernel(std::move(list), "slice");
}

}  // namespace

void slice(OpTable& table) {
  OpDef def;
  def.name = "Slice";
  def.infer = infer;
  def.prepare = prepare;
  def.layout = layout;
  table.add(def);
}

}  // namespace keel::ops
