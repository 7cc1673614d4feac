// Concat: the inputs one behind the other along `axis`. Blocked inputs stay blocked: a copy of
// channel blocks, with lanes shifted where a channel count is no multiple of 16, and nothing at all
// for an input whose memory already lies in the output.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

std::int64_t axis_of(const Node& node, std::int64_t rank) {
  if (!node.has("axis")) node.fail_attribute("axis", "is missing");
  const std::int64_t axis = node.int_or("axis", 0);
  if (axis < -rank || axis >= rank)
    node.fail_attribute("axis",
                        str("expected a value in [", -rank, ", ", rank - 1, "], got ", axis));
  return axis < 0 ? axis + rank : axis;
}

void infer(InferContext& context) {
  Shape dims = context.input(0).dims;
  const auto axis = static_cast<std::size_t>(axis_of(context.node, context.rank(0)));
  expect_whole_bytes(context, 0);
  for (std::size_t i = 1; i < context.input_count(); ++i) {
    const TensorType& input = context.input(i);
    const auto fail = [&](const std::string& what) {
      context.node.fail(ErrorCode::BadInput, str("input ", i, ": ", what));
    };
    if (input.type != context.type(0))
      fail(str("expected type ", data_type_name(context.type(0)), " as input 0 has, got ",
               data_type_name(input.type)));
    if (input.dims.size() != dims.size())
      fail(str("expected rank ", dims.size(), " as input 0 has, got ", input.rank()));
    for (std::size_t k = 0; k < dims.size(); ++k) {
      if (k == axis) {
        dims[k] = dim_add(dims[k], input.dims[k]);
        continue;
      }
      if (dims_clash(dims[k], input.dims[k]))
        fail(str("axis ", k, ": expected size ", dims[k], " as the inputs before have, got ",
                 input.dims[k]));
      if (dims[k] < 0 && (input.dims[k] >= 0 || dims[k] == kUnknownDim)) dims[k] = input.dims[k];
    }
  }
  context.set_output(0, context.type(0), std::move(dims));
}

LayoutChoice layout(const LayoutQuery& query) {
  if (query.blocked_inputs == 0 || query.inputs.size() > 64 || !can_block(query.outputs[0]))
    return {};
  for (const TensorType& input : query.inputs)
    if (!can_block(input)) return {};
  const auto count = static_cast<unsigned>(query.inputs.size());
  return {count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1, 1};
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& y = context.outputs[0];
  const auto axis =
      static_cast<std::size_t>(axis_of(context.node, static_cast<std::int64_t>(y.dims.size())));
  const Shape strides = strides_of(y.dims), origin(y.dims.size(), 0);
  Shape begin = origin;
  MoveList list;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    const TensorRef& x = context.inputs[i];
    const Move move{{}, static_cast<int>(i)};
    if (y.layout == Layout::Blocked16) {
      add_blocked_moves(x.dims, {y.dims, begin, {}}, {x.dims, origin, {}}, move, list.moves);
    } else if (x.size() > 0) {
      list.moves.push_back(move);
      list.moves.back().copy =
          StridedCopy(x.type, x.dims, strides, strides_of(x.dims), begin[axis] * strides[axis]);
    }
    begin[axis] += x.dims[axis];
  }
  return move_kernel(std::move(list), "concat");
}

}  // namespace

void concat(OpTable& table) {
  OpDef def;
  def.name = "Concat";
  def.infer = infer;
  def.prepare = prepare;
  def.layout = layout;
  table.add(def);
}

}  // namespace keel::ops
