// Conv: Y = act(sum over channels and taps of W * X + B + residual).
// Inputs X [N, C, spatial], W [M, C / group, kernel], B [M] (optional), residual as Y (epilogue).
#include "runtime/blocked_conv.h"
#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

void infer_conv(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  expect_same_type(context, 1, 0);
  const Shape& x = context.input(0).dims;
  const Shape& w = context.input(1).dims;
  context.expect_rank(0, 3, kRankLimit);
  context.expect_rank(1, context.rank(0), context.rank(0));
  const PlainConv conv = plain_conv_of(context.node, x, w);
  Shape expected_w = w;
  if (x[1] >= 0) {
    if (x[1] % conv.group != 0)
      context.node.fail_attribute(
          "group", str("expected a divisor of the ", x[1], " input channels, got ", conv.group));
    expected_w[1] = x[1] / conv.group;
  }
  expect_dims(context, 1, expected_w);
  if (w[0] >= 0 && w[0] % conv.group != 0)
    context.node.fail_attribute(
        "group", str("expected a divisor of the ", w[0], " output channels, got ", conv.group));
  if (context.has_input(2)) {
    expect_same_type(context, 2, 0);
    expect_dims(context, 2, {w[0]});
  }
  Shape y = {x[0], w[0]};
  y.insert(y.end(), conv.out.begin(), conv.out.end());
  expect_residual(context, 3, type, y);
  context.set_output(0, type, std::move(y));
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  PlainConv conv = plain_conv_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  resolve_pads(conv.window, conv.in);
  Kernel kernel;
  kernel.name = "conv plain";
  kernel.run = [conv](RunContext& run) {
    const Epilogue& epilogue = run.node.epilogue;
    run_plain_conv(conv, epilogue.activation, run.in<T>(0), run.in<T>(1),
                   run.has_input(2) ? run.in<T>(2) : nullptr,
                   epilogue.residual ? run.in<T>(3) : nullptr, run.out<T>(0), run.parallel);
  };
  return kernel;
}

Kernel prepare_conv(const PrepareContext& context) {
  if (context.outputs[0].type == DataType::Double) return prepare_plain<double>(context);
  PlainConv conv = plain_conv_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  resolve_pads(conv.window, conv.in);
  if (is_blocked_conv(conv)) return prepare_blocked_conv(context, conv);
  return prepare_in_plain(context, prepare_plain<float>);
}

LayoutChoice layout_conv(const LayoutQuery& query) {
  const TensorType &x = query.inputs[0], &w = query.inputs[1];
  if (!can_block(x) || !w.ranked || w.rank() != x.rank()) return {};
  return blocked_conv_layout(query, plain_conv_of(query.node, x.dims, w.dims));
}

bool takes_prologue(const LayoutQuery& query) {
  const TensorType &x = query.inputs[0], &w = query.inputs[1];
  if (!can_block(x) || !w.ranked || w.rank() != x.rank() || query.values[1] == nullptr)
    return false;
  PlainConv conv = plain_conv_of(query.node, x.dims, w.dims);
  resolve_pads(conv.window, conv.in);
  return blocked_conv_takes_prologue(conv);
}

}  // namespace

void conv(OpTable& table) {
  OpDef def;
  def.name = "Conv";
  def.infer = infer_conv;
  def.prepare = prepare_conv;
  def.layout = layout_conv;
  def.takes_prologue = takes_prologue;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
