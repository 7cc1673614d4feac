// Products of float matrices by Strassen's product: where B is constant and large and A has many
// rows, each row counts as a pixel of a pointwise convolution (simd/conv.h).
#pragma once

#include <optional>

#include "runtime/float_product.h"

namespace keel {

// A kernel for Y = activation(A * B + C + residual), A input 0, B input 1, C input 2 (may be
// absent: one value a column) and the residual input 3; nullopt where the product is none of these.
std::optional<Kernel> prepare_strassen_product(const PrepareContext& context,
                                               const FloatProduct& product);

}  // namespace keel
