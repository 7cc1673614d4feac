// Products of float matrices with a constant B, each row of A as a pixel of a pointwise convolution
// (simd/conv.h): where that has a faster algorithm, Strassen's product or products of bfloat16.
#pragma once

#include <optional>
#include <string>

#include "runtime/float_product.h"

namespace keel {

// A kernel for Y = activation(A * B + C + residual), A input 0, B input 1, C (one value a column,
// or nullopt) and the residual where these say; nullopt where nothing is faster than
// PreparedProduct.
std::optional<Kernel> prepare_constant_product(const PrepareContext& context,
                                               const FloatProduct& product,
                                               std::optional<std::size_t> c, std::size_t residual);

// Why products of bfloat16 are not faster, for Kernel::note; "" where the precision forbids them.
std::string constant_product_note(const PrepareContext& context, const FloatProduct& product);

}  // namespace keel
