// Functions of one or two floats over contiguous data. y may be x, a or b (not overlap them
// otherwise). NaN goes through every function.
#pragma once

#include <cstdint>

#include "simd/activation.h"

namespace keel::simd {

enum class UnaryKind {
  Abs,
  Neg,
  Reciprocal,
  Sign,  // -1, 0 or 1
  Floor,
  Ceil,
  Round,  // half to even
  Sqrt,
  Exp,
  Log,
  Erf,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Asinh,
  Acosh,
  Atanh,
};

enum class BinaryKind {
  Add,
  Sub,
  Mul,
  Div,
  Min,
  Max,
  Pow,    // as C's powf: 1^y = x^0 = 1 even for NaN
  PRelu,  // a < 0 ? a * b : a
};

// Which operand is a vector and which one is a single value for all of it.
enum class Inner { VectorVector, VectorScalar, ScalarVector };

struct ElementwiseKernels {
  // y[i] = f(x[i]), i < n
  void (*unary)(UnaryKind kind, const float* x, float* y, std::int64_t n);
  // y[i] = activation(x[i]), i < n
  void (*activate)(const Activation& activation, const float* x, float* y, std::int64_t n);
  // y[i] = activation(f(a[i], b[i])), i < n; of a scalar operand only element 0 is read.
  void (*binary)(BinaryKind kind, Inner inner, const float* a, const float* b, float* y,
                 std::int64_t n, const Activation& activation);
  // Channel-wise operands in NCHW16c: y is [groups][16]. VectorScalar: a is [groups][16] and every
  // group meets the same b [16]; ScalarVector: the other way round. Padding lanes are computed like
  // any other and may become non-zero: `channels` (1 to 16) says how many of the 16 are real; the
  // others are written as 0.
  void (*binary_blocked)(BinaryKind kind, Inner inner, const float* a, const float* b, float* y,
                         std::int64_t groups, std::int64_t channels, const Activation& activation);
};

}  // namespace keel::simd
