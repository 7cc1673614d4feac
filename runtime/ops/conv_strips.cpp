// keel.ConvStrips, what a pass makes of a depthwise convolution and the pointwise ones around it;
// float, NCHW16c, constant weights.
#include "runtime/conv_strips.h"

#include "runtime/infer_checks.h"

namespace keel::ops {
namespace {

void infer_conv_strips(InferContext& context) {
  context.expect_type(kStripX, {DataType::Float});
  context.expect_rank(kStripX, 4, 4);
  std::vector<Shape> inputs(context.input_count());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (context.has_input(i)) inputs[i] = context.input(i).dims;
  const simd::StripShapes shapes = strip_shapes(context.node, inputs, kUnknownDim);
  const bool projects = shapes.has(simd::kProject);
  const simd::ConvShape& last = shapes.stage[projects ? simd::kProject : simd::kDepthwise];
  Shape y = {inputs[kStripX][0], last.k, last.out[0], last.out[1]};
  expect_residual(context, kStripResidual, DataType::Float, y);
  context.set_output(0, DataType::Float, std::move(y));
}

LayoutChoice layout_conv_strips(const LayoutQuery& query) {
  LayoutChoice choice{1u << kStripX, 1};
  if (query.node.epilogue.residual) choice.blocked_inputs |= 1u << kStripResidual;
  return choice;
}

}  // namespace

void conv_strips(OpTable& table) {
  OpDef def;
  def.domain = "keel";
  def.name = "ConvStrips";
  def.infer = infer_conv_strips;
  def.prepare = prepare_conv_strips;
  def.layout = layout_conv_strips;
  def.epilogue = true;
  table.add(def);
}

}  // namespace keel::ops
