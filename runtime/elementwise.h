// The frame around elementwise operators: layouts, threads and broadcasting. An operator brings the
// loop over contiguous elements.
#pragma once

#include <functional>
#include <string>

#include "runtime/broadcast.h"
#include "runtime/element_types.h"
#include "runtime/op.h"
#include "simd/elementwise.h"

namespace keel {

// Elements that a thread takes at a time.
constexpr std::int64_t kElementwiseGrain = 16 * 1024;

// y[i] = f(x[i]), i < n. y may be x. Elements are of the types of the node's input and output.
using UnaryLoop = std::function<void(const void* x, void* y, std::int64_t n)>;
// y[i] = f(a[i], b[i]), i < n; a scalar operand is one element. y may be a or b.
using BinaryLoop =
    std::function<void(simd::Inner inner, const void* a, const void* b, void* y, std::int64_t n)>;

// Output 0 has the dims of input 0, and its type, which must be one of `allowed`.
void infer_unary(InferContext& context, DataTypes allowed);
// Output 0 has the dims inputs 0 and 1 broadcast to; both are of one type out of `allowed`.
// `result` Undefined: of that type too.
void infer_binary(InferContext& context, DataTypes allowed, DataType result = DataType::Undefined);

// Blocked where input 0 lies blocked.
LayoutChoice unary_layout(const LayoutQuery& query);
// Blocked where some input lies so and the others can follow: a single element stays plain, all
// else must have as many channels as the result.
LayoutChoice broadcast_layout(const LayoutQuery& query);

// Elements of a tensor as it lies in memory, padding lanes included.
std::int64_t stored_elements(const TensorRef& tensor);

// Runs over input 0 as it lies in memory.
Kernel unary_kernel(const PrepareContext& context, UnaryLoop loop);
// Inputs 0 and 1, both plain.
Kernel binary_kernel(const PrepareContext& context, BinaryLoop loop);
// Inputs 0 and 1 of type float in any layout that broadcast_layout() chooses; honours the node's
// epilogue.
Kernel float_binary_kernel(const PrepareContext& context, simd::BinaryKind kind);

// Plain functions that are such loops.
using UnaryFunction = void (*)(const void* x, void* y, std::int64_t n);
using BinaryFunction = void (*)(simd::Inner inner, const void* a, const void* b, void* y,
                                std::int64_t n);

// How operands 0 and 1 advance along a row of the plan. In a result of one element nothing does,
// and no operand counts as repeated.
simd::Inner row_inner(const BroadcastPlan& plan);

// An epilogue on another type than float: Error(Unsupported).
void refuse_epilogue(const Node& node);

// The loop of a function of one or two elements; `Op{}(x)` or `Op{}(a, b)`.
template <typename Op, typename X, typename Y>
void unary_loop(const void* x, void* y, std::int64_t n) {
  const X* const from = static_cast<const X*>(x);
  Y* const to = static_cast<Y*>(y);
  for (std::int64_t i = 0; i < n; ++i) to[i] = Op{}(from[i]);
}

template <typename Op, typename X, typename Y>
void binary_loop(simd::Inner inner, const void* a, const void* b, void* y, std::int64_t n) {
  const X *const left = static_cast<const X*>(a), *const right = static_cast<const X*>(b);
  Y* const to = static_cast<Y*>(y);
  if (n == 0) return;
  if (inner == simd::Inner::VectorVector) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = Op{}(left[i], right[i]);
  } else if (inner == simd::Inner::VectorScalar) {
    const X value = right[0];
    for (std::int64_t i = 0; i < n; ++i) to[i] = Op{}(left[i], value);
  } else {
    const X value = left[0];
    for (std::int64_t i = 0; i < n; ++i) to[i] = Op{}(value, right[i]);
  }
}

}  // namespace keel
