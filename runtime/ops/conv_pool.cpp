// keel.ConvPool, what a pass makes of a convolution and the max pooling behind it; float, constant
// weights. It infers as the two would one after the other.
#include "runtime/conv_pool.h"

namespace keel::ops {
namespace {

void infer_conv_pool(InferContext& context) {
  std::vector<InferContext::Input> inputs(context.input_count());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (context.has_input(i)) inputs[i].type = context.input(i);
  const Node conv = conv_part(context.node), pool = pool_part(context.node);
  InferContext convolved(conv, std::move(inputs));
  op_of(conv).infer(convolved);
  Node reading = pool;
  reading.inputs = {context.node.outputs[0]};  // some value: what it is called does not matter
  InferContext pooled(reading, {{convolved.outputs()[0], nullptr}});
  op_of(reading).infer(pooled);
  context.set_output(0, DataType::Float, pooled.outputs()[0].dims);
}

LayoutChoice layout_conv_pool(const LayoutQuery& query) {
  const Node conv = conv_part(query.node);
  return op_of(conv).layout(
      {conv, query.inputs, query.outputs, query.values, query.blocked_inputs});
}

}  // namespace

void conv_pool(OpTable& table) {
  OpDef def;
  def.domain = "keel";
  def.name = "ConvPool";
  def.infer = infer_conv_pool;
  def.prepare = prepare_conv_pool;
  def.layout = layout_conv_pool;
  def.epilogue = true;
  table.add(def);
}

}  // namespace keel::ops
