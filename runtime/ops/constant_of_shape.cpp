// ConstantOfShape: a tensor of the shape given, every element `value` (0 of type float by default).
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

Tensor value_of(const Node& node) {
  const auto attribute = node.attributes.find("value");
  if (attribute == node.attributes.end()) return make_tensor<float>({1}, {0});
  const Tensor* value = std::get_if<Tensor>(&attribute->second);
  if (value == nullptr || value->size() != 1)
    node.fail_attribute("value", "expected a tensor of one element");
  if (element_bits(value->type()) % 8 != 0)
    node.fail(ErrorCode::Unsupported,
              str("type ", data_type_name(value->type()), " is not supported"));
  return *value;
}

void infer(InferContext& context) {
  const Dim length = list_length(context, 0);
  const DataType type = value_of(context.node).type();
  if (const auto dims = context.ints(0)) {
    for (std::int64_t dim : *dims)
      if (dim < 0) context.node.fail(ErrorCode::BadInput, str("input: ", dim, " is no size"));
    return context.set_output(0, type, *dims);
  }
  if (length < 0) return context.set_unranked(0, type);
  if (length > static_cast<Dim>(kRankLimit))
    context.node.fail(ErrorCode::Unsupported, str("input: ", length, " dims are too many"));
  context.set_output(0, type, Shape(static_cast<std::size_t>(length), kUnknownDim));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& y = context.outputs[0];
  MoveList list;
  list.fill = value_of(context.node);
  list.moves.push_back(
      {StridedCopy(y.type, y.dims, strides_of(y.dims), Shape(y.dims.size(), 0)), Move::kFill});
  return move_kernel(std::move(list), "fill");
}

}  // namespace

void constant_of_shape(OpTable& table) {
  OpDef def;
  def.name = "ConstantOfShape";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
