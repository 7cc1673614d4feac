// keel.ConvPool: a convolution and the max pooling behind it as one node (simd/conv_pool.h).
//
//   Y = MaxPool(act(Conv(X)))
//
// Inputs and epilogue are those of Conv; so are the attributes, and those of MaxPool behind
// "pool.".
#pragma once

#include "runtime/op.h"
#include "simd/conv_pool.h"

namespace keel {

// The node of both, with MaxPool's outputs.
Node conv_pool_node(const Node& conv, const Node& pool);

// The two again, without values.
Node conv_part(const Node& node);
Node pool_part(const Node& node);

// Shapes, of a valid node whose inputs X and W have these shapes; all sizes are known but N.
simd::ConvPoolShape conv_pool_shape(const Node& node, const Shape& x, const Shape& w);

Kernel prepare_conv_pool(const PrepareContext& context);

}  // namespace keel
