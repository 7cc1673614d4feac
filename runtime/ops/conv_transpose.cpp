// ConvTranspose: each X[n, c, i] adds W[c, m, k] * X to Y[n, m, i * stride + k * dilation - pad];
// then B, the residual and the activation.
// Inputs X [N, C, spatial], W [C, M / group, kernel], B [M] (optional), residual as Y (epilogue).
#include <algorithm>

#include "runtime/blocked_conv.h"
#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

// Size of axis i without padding taken off.
std::int64_t unpadded(const Window& window, const Shape& output_padding, std::size_t i, Dim in) {
  const std::int64_t reach = in == 0 ? 0 : checked_mul(window.strides[i], in - 1);
  return checked_add(reach, output_padding[i] + window.extent(i));
}

// Cuts axis i to `size`; the padding that this takes is split evenly, the odd one at the end for
// SAME_UPPER and else at the beginning.
void pad_to(Window& window, std::size_t i, std::int64_t whole, std::int64_t size) {
  const std::int64_t total = std::max<std::int64_t>(whole - size, 0);
  const bool upper = window.auto_pad == AutoPad::SameUpper;
  window.pads[i] = upper ? total / 2 : total - total / 2;
  window.pads[window.rank() + i] = total - window.pads[i];
}

// Sets conv.out, and conv.window.pads as far as sizes are known.
void find_output(const Node& node, PlainConv& conv) {
  Window& window = conv.window;
  const std::size_t rank = window.rank();
  const Shape padding = window_attribute(node, "output_padding", rank, 0, 0);
  for (std::size_t i = 0; i < rank; ++i)
    if (padding[i] > 0 && padding[i] >= std::max(window.strides[i], window.dilations[i]))
      node.fail_attribute("output_padding",
                          str("expected less than stride or dilation, got ", padding[i]));
  const bool given = node.has("output_shape");
  const bool same = window.auto_pad == AutoPad::SameUpper || window.auto_pad == AutoPad::SameLower;
  const Shape shape = window_attribute(node, "output_shape", rank, 0, 1);
  conv.out.assign(rank, kUnknownDim);
  for (std::size_t i = 0; i < rank; ++i) {
    if (given) conv.out[i] = shape[i];
    if (conv.in[i] < 0 || window.kernel[i] < 0) continue;
    const std::int64_t whole = unpadded(window, padding, i, conv.in[i]);
    if (!given && same) conv.out[i] = checked_mul(conv.in[i], window.strides[i]);
    if (given || same) {
      pad_to(window, i, whole, conv.out[i]);
      continue;
    }
    conv.out[i] = whole - window.pads[i] - window.pads[rank + i];
    if (conv.out[i] < 0)
      node.fail(ErrorCode::BadInput, str("spatial axis ", i, ": pads take ", -conv.out[i],
                                         " more positions off than there are"));
  }
}

PlainConv conv_of(const Node& node, const Shape& x, const Shape& w) {
  PlainConv conv;
  conv.transposed = true;
  conv.window = window_of(node, kernel_of_weights(node, w));
  conv.images = x[0];
  conv.channels = x[1] >= 0 ? x[1] : w[0];
  conv.group = int_attribute(node, "group", 1, 1, INT32_MAX);
  conv.features = w[1] < 0 ? kUnknownDim : checked_mul(w[1], conv.group);
  conv.in = spatial_of(x);
  find_output(node, conv);
  return conv;
}

void infer_conv_transpose(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  expect_same_type(context, 1, 0);
  context.expect_rank(0, 3, kRankLimit);
  context.expect_rank(1, context.rank(0), context.rank(0));
  const Shape& x = context.input(0).dims;
  Shape w = context.input(1).dims;
  const PlainConv conv = conv_of(context.node, x, w);
  if (x[1] >= 0) w[0] = x[1];
  expect_dims(context, 1, w);
  if (conv.channels >= 0 && conv.channels % conv.group != 0)
    context.node.fail_attribute("group", str("expected a divisor of the ", conv.channels,
                                             " input channels, got ", conv.group));
  if (context.has_input(2)) {
    expect_same_type(context, 2, 0);
    expect_dims(context, 2, {conv.features});
  }
  Shape y = {x[0], conv.features};
  y.insert(y.end(), conv.out.begin(), conv.out.end());
  expect_residual(context, 3, type, y);
  context.set_output(0, type, std::move(y));
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const PlainConv conv = conv_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  Kernel kernel;
  kernel.name = "conv transpose plain";
  kernel.run = [conv](RunContext& run) {
    const Epilogue& epilogue = run.node.epilogue;
    run_plain_conv(conv, epilogue.activation, run.in<T>(0), run.in<T>(1),
                   run.has_input(2) ? run.in<T>(2) : nullptr,
                   epilogue.residual ? run.in<T>(3) : nullptr, run.out<T>(0), run.parallel);
  };
  return kernel;
}

Kernel prepare_conv_transpose(const PrepareContext& context) {
  if (context.outputs[0].type == DataType::Double) return prepare_plain<double>(context);
  const PlainConv conv = conv_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  if (is_blocked_conv(conv)) return prepare_blocked_conv(context, conv);
  return prepare_in_plain(context, prepare_plain<float>);
}

LayoutChoice layout_conv_transpose(const LayoutQuery& query) {
  const TensorType &x = query.inputs[0], &w = query.inputs[1];
  if (!can_block(x) || !w.ranked || w.rank() != x.rank()) return {};
  return blocked_conv_layout(query, conv_of(query.node, x.dims, w.dims));
}

}  // namespace

void conv_transpose(OpTable& table) {
  OpDef def;
  def.name = "ConvTranspose";
  def.infer = infer_conv_transpose;
  def.prepare = prepare_conv_transpose;
  def.layout = layout_conv_transpose;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
