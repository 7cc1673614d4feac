// Shape: the dims [start, end) of the input. Size: the number of its elements.
#include <algorithm>

#include "runtime/op.h"

namespace keel::ops {
namespace {

struct Range {
  std::int64_t begin, end;
};

Range range_of(const Node& node, std::int64_t rank) {
  const auto clamp = [&](std::int64_t value) {
    return std::clamp<std::int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const std::int64_t begin = clamp(node.int_or("start", 0));
  return {begin, std::max(begin, clamp(node.int_or("end", rank)))};
}

void infer_shape(InferContext& context) {
  const Range range = range_of(context.node, context.rank(0));
  context.set_output(0, DataType::Int64, {range.end - range.begin});
}

Kernel prepare_shape(const PrepareContext& context) {
  const Range range =
      range_of(context.node, static_cast<std::int64_t>(context.inputs[0].dims.size()));
  Kernel kernel;
  kernel.name = "shape";
  kernel.run = [range](RunContext& context) {
    const Shape& dims = context.input(0).dims;
    std::copy(dims.begin() + range.begin, dims.begin() + range.end, context.out<std::int64_t>(0));
  };
  return kernel;
}

void infer_size(InferContext& context) {
  context.input(0);
  context.set_output(0, DataType::Int64, {});
}

Kernel prepare_size(const PrepareContext&) {
  Kernel kernel;
  kernel.name = "size";
  kernel.run = [](RunContext& context) {
    *context.out<std::int64_t>(0) = element_count(context.input(0).dims);
  };
  return kernel;
}

}  // namespace

void shape(OpTable& table) {
  OpDef def;
  def.name = "Shape";
  def.infer = infer_shape;
  def.prepare = prepare_shape;
  def.shape_only = true;
  table.add(def);
  def.name = "Size";
  def.infer = infer_size;
  def.prepare = prepare_size;
  table.add(def);
}

}  // namespace keel::ops
