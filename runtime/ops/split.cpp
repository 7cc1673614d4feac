// Split: consecutive parts of the input along `axis`; their sizes are given, or even with a smaller
// last one. Parts of a blocked input are blocked.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

std::vector<Dim> given_sizes(InferContext& context, Dim dim) {
  const std::size_t count = context.node.outputs.size();
  const Dim length = list_length(context, 1);
  if (dims_clash(length, static_cast<Dim>(count)))
    context.node.fail(ErrorCode::BadInput,
                      str("split: expected ", count, " sizes, one per output, got ", length));
  const auto sizes = context.ints(1);
  if (!sizes) return std::vector<Dim>(count, kUnknownDim);
  std::int64_t sum = 0;
  for (std::int64_t size : *sizes) {
    if (size < 0) context.node.fail(ErrorCode::BadInput, str("split: ", size, " is no size"));
    sum = checked_add(sum, size);
  }
  if (dims_clash(sum, dim))
    context.node.fail(ErrorCode::BadInput,
                      str("split: ", to_string(*sizes), " do not add up to ", dim));
  return *sizes;
}

std::vector<Dim> even_sizes(InferContext& context, Dim dim) {
  const auto count = static_cast<std::int64_t>(context.node.outputs.size());
  const std::int64_t asked = context.node.int_or("num_outputs", count);
  if (asked != count)
    context.node.fail_attribute("num_outputs",
                                str("expected ", count, ", the number of outputs, got ", asked));
  std::vector<Dim> sizes(static_cast<std::size_t>(count), kUnknownDim);
  if (count == 1) sizes[0] = dim;
  if (dim < 0) return sizes;
  const std::int64_t size = dim / count + (dim % count != 0);
  std::int64_t left = dim;
  for (Dim& part : sizes) {
    part = std::min(size, left);
    left -= part;
  }
  return sizes;
}

void infer(InferContext& context) {
  expect_whole_bytes(context, 0);
  if (context.node.outputs.empty())
    context.node.fail(ErrorCode::MalformedModel, "expected at least one output");
  const std::int64_t axis = context.axis(context.node.int_or("axis", 0), context.rank(0));
  const Dim dim = context.dim(0, axis);
  const std::vector<Dim> sizes =
      context.has_input(1) ? given_sizes(context, dim) : even_sizes(context, dim);
  Shape dims = context.input(0).dims;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    dims[static_cast<std::size_t>(axis)] = sizes[i];
    context.set_output(i, context.type(0), dims);
  }
}

LayoutChoice layout(const LayoutQuery& query) {
  if ((query.blocked_inputs & 1u) == 0 || query.outputs.size() > 64) return {};
  LayoutChoice choice{1, 0};
  for (std::size_t i = 0; i < query.outputs.size(); ++i) {
    if (query.node.has_output(i) && !can_block(query.outputs[i])) return {};
    if (query.node.has_output(i)) choice.blocked_outputs |= std::uint64_t{1} << i;
  }
  return choice;
}

// The size of every part, those of absent outputs too.
std::vector<std::int64_t> part_sizes(const PrepareContext& context, std::int64_t dim) {
  if (context.has_input(1)) return known_ints(context, 1);
  const auto count = static_cast<std::int64_t>(context.node.outputs.size());
  return std::vector<std::int64_t>(static_cast<std::size_t>(count),
                                   dim / count + (dim % count != 0));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const auto rank = static_cast<std::int64_t>(x.dims.size());
  std::int64_t axis_value = context.node.int_or("axis", 0);
  const auto axis = static_cast<std::size_t>(axis_value < 0 ? axis_value + rank : axis_value);
  const std::vector<std::int64_t> sizes = part_sizes(context, x.dims[axis]);
  const Shape strides = strides_of(x.dims), origin(x.dims.size(), 0);
  Shape begin = origin;
  MoveList list;
  for (std::size_t i = 0; i < context.outputs.size(); ++i) {
    const TensorRef& y = context.outputs[i];
    const Move move{{}, 0, static_cast<int>(i)};
    if (context.node.has_output(i) && y.layout == Layout::Blocked16) {
      add_blocked_moves(y.dims, {y.dims, origin, {}}, {x.dims, begin, {}}, move, list.moves);
    } else if (context.node.has_output(i) && y.size() > 0) {
      list.moves.push_back(move);
      list.moves.back().copy =
          StridedCopy(x.type, y.dims, strides_of(y.dims), strides, 0, begin[axis] * strides[axis]);
    }
    begin[axis] += sizes[i];
  }
  return move_kernel(std::move(list), "split");
}

}  // namespace

void split(OpTable& table) {
  OpDef def;
  def.name = "Split";
  def.infer = infer;
  def.prepare = prepare;
  def.layout = layout;
  table.add(def);
}

}  // namespace keel::ops
