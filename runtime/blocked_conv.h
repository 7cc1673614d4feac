// Conv and ConvTranspose on the float kernels of simd/conv.h: packs weights, brings tensors into
// NCHW16c where they are not, and runs the plan's chunks.
#pragma once

#include "runtime/op.h"
#include "runtime/ops/conv_plain.h"
#include "simd/conv.h"

namespace keel {

// The convolution of a node Conv with inputs of shapes x and w; pads not resolved. Throws
// Error(MalformedModel) naming the attribute.
PlainConv plain_conv_of(const Node& node, const Shape& x, const Shape& w);

// It as simd/conv.h has it, with the node's bias and epilogue; pads resolved.
simd::ConvShape conv_shape(const Node& node, const PlainConv& conv);

// True where simd/conv.h takes the convolution: 1 to 3 spatial axes, nothing empty.
bool is_blocked_conv(const PlainConv& conv);

// The node's inputs are X, W, B (may be absent) and, with Epilogue::residual, the residual; each of
// X, residual and Y in either layout.
Kernel prepare_blocked_conv(const PrepareContext& context, const PlainConv& conv);

// Runs all chunks of a plan; args without thread_scratch.
void run_conv_plan(const simd::ConvPlan& plan, RunContext& run, const simd::ConvArgs& args);

// Constant weights as the plan wants them, a constant bias padded to whole channel blocks, at input
// `slot`; kept under `key`, that of weights with the plan's packing behind it.
std::shared_ptr<const Tensor> pack_conv_weights(const PrepareContext& context, std::size_t slot,
                                                const std::string& key, const simd::ConvPlan& plan);
std::shared_ptr<const Tensor> pack_conv_bias(const PrepareContext& context, std::size_t slot,
                                             const std::string& key);

// Whether it can apply Node::prologue while it reads X.
bool blocked_conv_takes_prologue(const PlainConv& conv);

// Which layouts such a node wants; conv describes it as far as sizes are known (< 0: unknown).
LayoutChoice blocked_conv_layout(const LayoutQuery& query, const PlainConv& conv);

}  // namespace keel
