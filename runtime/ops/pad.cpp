// Pad: the input with pads around it, or, where a pad is negative, with a border cut off. Pads hold
// a constant, the nearest element (edge), or the content mirrored (reflect) or repeated (wrap).
//
// The content is copied first. Then the pads of one axis after the other are filled from the output
// itself: axes before it at their full extent, axes behind it at that of the content.
#include <algorithm>
#include <optional>

#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

enum class Mode { Constant, Edge, Reflect, Wrap };

Mode mode_of(const Node& node) {
  const std::string mode = node.string_or("mode", "constant");
  if (mode == "constant") return Mode::Constant;
  if (mode == "edge") return Mode::Edge;
  if (mode == "reflect") return Mode::Reflect;
  if (mode == "wrap") return Mode::Wrap;
  node.fail_attribute("mode",
                      "expected constant, edge, reflect or wrap, got '" + printable(mode) + "'");
}

using Ints = std::vector<std::int64_t>;

struct Pads {
  Ints begin, end;  // one per axis of the input
};

// `list(i)` yields the elements of input i, or nullopt where they are not known.
template <typename List>
std::optional<Pads> read_pads(const Node& node, std::int64_t rank, const List& list) {
  const std::optional<Ints> given = list(1);
  std::optional<Ints> axes = Ints();
  if (node.has_input(3)) {
    axes = list(3);
    if (axes) axes = unique_axes(node, *axes, rank);
  } else {
    for (std::int64_t k = 0; k < rank; ++k) axes->push_back(k);
  }
  if (!given || !axes) return std::nullopt;
  if (given->size() != 2 * axes->size())
    node.fail(ErrorCode::BadInput, str("pads: expected ", 2 * axes->size(),
                                       " values, two per axis, got ", given->size()));
  Pads pads{Ints(static_cast<std::size_t>(rank), 0), Ints(static_cast<std::size_t>(rank), 0)};
  for (std::size_t k = 0; k < axes->size(); ++k) {
    pads.begin[static_cast<std::size_t>((*axes)[k])] = (*given)[k];
    pads.end[static_cast<std::size_t>((*axes)[k])] = (*given)[k + axes->size()];
  }
  return pads;
}

Dim padded(const Node& node, std::size_t axis, Dim dim, std::int64_t begin, std::int64_t end) {
  if (dim < 0) return begin == 0 && end == 0 ? dim : kUnknownDim;
  const __int128 size = static_cast<__int128>(dim) + begin + end;
  if (size < 0 || begin < -dim || end < -dim)
    node.fail(ErrorCode::BadInput,
              str("pads: ", begin, " and ", end, " cut off more than there is of axis ", axis,
                  " of size ", dim));
  if (size > INT64_MAX)
    node.fail(ErrorCode::ResourceLimit, str("pads: ", begin, " and ", end, " are too large"));
  return static_cast<Dim>(size);
}

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  mode_of(context.node);
  list_length(context, 1);
  if (context.has_input(3)) list_length(context, 3);
  if (context.has_input(2) && context.type(2) != context.type(0))
    context.node.fail(ErrorCode::BadInput,
                      str("constant_value: expected type ", data_type_name(context.type(0)),
                          ", got ", data_type_name(context.type(2))));
  if (context.has_input(2) && context.input(2).is_static() &&
      element_count(context.input(2).dims) != 1)
    context.node.fail(ErrorCode::BadInput, "constant_value: expected one element");
  Shape dims = context.input(0).dims;
  const auto pads =
      read_pads(context.node, context.rank(0), [&](std::size_t i) { return context.ints(i); });
  for (std::size_t k = 0; k < dims.size(); ++k)
    dims[k] = pads ? padded(context.node, k, dims[k], pads->begin[k], pads->end[k]) : kUnknownDim;
  context.set_output(0, context.type(0), std::move(dims));
}

// Blocked stays blocked where no channels are added or cut.
LayoutChoice layout(const LayoutQuery& query) {
  if ((query.blocked_inputs & 1u) == 0 || !can_block(query.outputs[0])) return {};
  const auto pads =
      read_pads(query.node, query.inputs[0].rank(), [&](std::size_t i) -> std::optional<Ints> {
        if (i >= query.values.size() || query.values[i] == nullptr) return std::nullopt;
        return all_ints(ref(*query.values[i]));
      });
  if (!pads || pads->begin[1] != 0 || pads->end[1] != 0) return {};
  return {1, 1};
}

// Along one axis of the output: the content lies at [left, left + size), and was at `from` in the
// input.
struct Extent {
  std::int64_t left, size, right, from;
};

Extent extent_of(std::int64_t dim, std::int64_t out, std::int64_t begin) {
  const std::int64_t low = std::min(begin < 0 ? -begin : 0, dim);
  const std::int64_t high = std::max(std::min(dim, out - begin), low);
  const std::int64_t left = std::clamp<std::int64_t>(low + begin, 0, out);
  return {left, high - low, out - left - (high - low), low};
}

// A stretch of pad: positions [to, to + length) read [from, ...) at `step`, the whole `repeats`
// times one behind the other.
struct Stretch {
  std::int64_t to, length, from, step, repeats = 1;
};

std::vector<Stretch> stretches(const Node& node, Mode mode, std::size_t axis, const Extent& e) {
  const std::int64_t end = e.left + e.size;
  if (mode == Mode::Constant) return {{0, e.left, 0, 0}, {end, e.right, 0, 0}};
  if (e.size == 0 && e.left + e.right > 0)
    node.fail(ErrorCode::BadInput, str("axis ", axis, " has nothing to fill the pads with"));
  if (mode == Mode::Edge) return {{0, e.left, e.left, 0}, {end, e.right, end - 1, 0}};
  if (mode == Mode::Reflect) {
    if (std::max(e.left, e.right) >= std::max<std::int64_t>(e.size, 1))
      node.fail(ErrorCode::BadInput, str("axis ", axis, ": a pad of ", std::max(e.left, e.right),
                                         " cannot mirror a size of ", e.size));
    return {{0, e.left, 2 * e.left, -1}, {end, e.right, end - 2, -1}};
  }
  if (e.size == 0) return {};
  const std::int64_t first = e.left % e.size, last = e.right % e.size;
  return {{0, first, end - first, 1},
          {first, e.size, e.left, 1, e.left / e.size},
          {end, e.size, e.left, 1, e.right / e.size},
          {end + e.right - last, last, e.left, 1}};
}

// The moves that fill the pads of `axis`; `region` are the sizes that are already complete.
void add_pads(const TensorRef& y, const Shape& strides, std::int64_t content_at, Mode mode,
              std::size_t axis, const Stretch& stretch, Shape region, Move move,
              std::vector<Move>& moves) {
  if (stretch.length == 0 || stretch.repeats == 0) return;
  const std::int64_t stride = strides[axis];
  Shape dst = strides, src = strides;
  region[axis] = stretch.length;
  src[axis] = stride * stretch.step;
  region.push_back(stretch.repeats);
  dst.push_back(stretch.length * stride);
  src.push_back(0);
  std::int64_t src_at = content_at + stretch.from * stride;
  if (mode == Mode::Constant) {
    src.assign(src.size(), 0);
    src_at = 0;
  }
  move.copy = StridedCopy(y.type, region, dst, src, content_at + stretch.to * stride, src_at);
  moves.push_back(move);
}

Tensor zero_of(DataType type) {
  Tensor zero(type, {1});
  if (type != DataType::String) std::memset(zero.data(), 0, zero.byte_size());
  return zero;
}

Kernel prepare(const PrepareContext& context) {
  const Node& node = context.node;
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  const Mode mode = mode_of(node);
  MoveList list;
  list.fill = zero_of(y.type);
  if (y.size() == 0) return move_kernel(std::move(list), "pad");
  const auto pads = read_pads(node, static_cast<std::int64_t>(x.dims.size()), [&](std::size_t i) {
    return std::optional<Ints>(known_ints(context, i));
  });
  const Shape in_dims = stored_dims(x.dims, x.layout), out_dims = stored_dims(y.dims, y.layout);
  const Shape strides = strides_of(out_dims), in_strides = strides_of(in_dims);
  std::vector<Extent> extents;
  Shape region;
  std::int64_t src_at = 0, at = 0;  // of the content
  for (std::size_t k = 0; k < out_dims.size(); ++k) {
    const bool stored_only = k >= x.dims.size() || (k == 1 && y.layout == Layout::Blocked16);
    extents.push_back(extent_of(in_dims[k], out_dims[k], stored_only ? 0 : pads->begin[k]));
    region.push_back(extents[k].size);
    src_at += extents[k].from * in_strides[k];
    at += extents[k].left * strides[k];
  }
  list.moves.push_back({StridedCopy(y.type, region, strides, in_strides, at, src_at), 0});
  const int source = mode != Mode::Constant ? Move::kOutput : node.has_input(2) ? 2 : Move::kFill;
  for (std::size_t k = 0; k < out_dims.size(); ++k) {
    at -= extents[k].left * strides[k];
    for (const Stretch& stretch : stretches(node, mode, k, extents[k]))
      add_pads(y, strides, at, mode, k, stretch, region, {{}, source}, list.moves);
    region[k] = out_dims[k];
  }
  return move_kernel(std::move(list), "pad");
}

}  // namespace

void pad(OpTable& table) {
  OpDef def;
  def.name = "Pad";
  def.infer = infer;
  def.prepare = prepare;
  def.layout = layout;
  table.add(def);
}

}  // namespace keel::ops
