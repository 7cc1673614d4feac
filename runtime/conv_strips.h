// keel.ConvStrips: a depthwise convolution with the pointwise ones before and behind it as one
// node, run strip of rows by strip of rows (simd/conv_strips.h).
//
//   Y = act(project(act(depthwise(act(expand(X))))) + residual)
//
// Inputs by slot, below; a stage without weights is not there. The window attributes are those of
// the depthwise stage. The activations of all stages but the last are attributes, the last one's is
// the epilogue's.
#pragma once

#include "runtime/op.h"
#include "simd/conv_strips.h"

namespace keel {

constexpr std::size_t kStripX = 0, kStripResidual = 7;
constexpr std::size_t strip_weights(simd::ConvStage stage) { return 1 + 2 * stage; }
constexpr std::size_t strip_bias(simd::ConvStage stage) { return 2 + 2 * stage; }

// Shapes of the stages, of a valid node whose inputs have these shapes (empty: absent, or not known
// yet); sizes that are not known count as `unknown`.
simd::StripShapes strip_shapes(const Node& node, const std::vector<Shape>& inputs, Dim unknown);

// Sets the activation of a stage, which is not the last.
void set_strip_activation(Node& node, simd::ConvStage stage, const simd::Activation& activation);

Kernel prepare_conv_strips(const PrepareContext& context);

}  // namespace keel
