// Checks that several operators make of their inputs while types are inferred.
#pragma once

#include "runtime/op.h"

namespace keel {

// float, double, float16 or bfloat16 at input i; returns it.
DataType expect_floating(const InferContext& context, std::size_t i);

// The type of input i is that of input `as`.
void expect_same_type(const InferContext& context, std::size_t i, std::size_t as);

// Input i has the rank of `dims`, and no size that contradicts it. Dims that are not known, on
// either side, contradict nothing. Throws Error(BadInput).
void expect_dims(const InferContext& context, std::size_t i, const Shape& dims);

// A value of an integer attribute within [lowest, highest].
std::int64_t int_attribute(const Node& node, const char* name, std::int64_t fallback,
                           std::int64_t lowest, std::int64_t highest);

// Node::epilogue: the residual, input i, is there and shaped and typed as the output.
void expect_residual(const InferContext& context, std::size_t i, DataType type, const Shape& dims);

}  // namespace keel
