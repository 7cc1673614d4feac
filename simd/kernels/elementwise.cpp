// One vector loop and one tail per function; the function is a template argument of the loop,
// chosen once per call.
#include "simd/elementwise.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"
#include "simd/vec_math.h"
#include "simd/vec_pow.h"
#include "simd/vec_trig.h"

namespace keel::simd::KEEL_TARGET {
namespace {

using A = ActivationKind;
using U = UnaryKind;
using B = BinaryKind;

template <UnaryKind kKind>
KEEL_INLINE Vec unary_function(Vec x) {
  if constexpr (kKind == U::Abs) return abs(x);
  if constexpr (kKind == U::Neg) return -x;
  if constexpr (kKind == U::Reciprocal) return set1(1.0f) / x;
  if constexpr (kKind == U::Sign) {
    const Vec sign = copysign(set1(1.0f), x);
    return select(abs(x) > zero(), sign, x);
  }
  if constexpr (kKind == U::Floor) return floor(x);
  if constexpr (kKind == U::Ceil) return ceil(x);
  if constexpr (kKind == U::Round) return round(x);
  if constexpr (kKind == U::Sqrt) return sqrt(x);
  if constexpr (kKind == U::Exp) return exp(x);
  if constexpr (kKind == U::Log) return log(x);
  if constexpr (kKind == U::Erf) return erf(x);
  if constexpr (kKind == U::Sin) return sin(x);
  if constexpr (kKind == U::Cos) return cos(x);
  if constexpr (kKind == U::Tan) return tan(x);
  if constexpr (kKind == U::Asin) return asin(x);
  if constexpr (kKind == U::Acos) return acos(x);
  if constexpr (kKind == U::Atan) return atan(x);
  if constexpr (kKind == U::Sinh) return sinh(x);
  if constexpr (kKind == U::Cosh) return cosh(x);
  if constexpr (kKind == U::Asinh) return asinh(x);
  if constexpr (kKind == U::Acosh) return acosh(x);
  if constexpr (kKind == U::Atanh) return atanh(x);
}

template <ActivationKind kKind>
KEEL_INLINE Vec activation_function(Vec x, Vec alpha, Vec beta) {
  if constexpr (kKind == A::ThresholdedRelu) {
    return select(x <= alpha, zero(), x);
  } else if constexpr (kKind == A::Softsign) {
    return x / (set1(1.0f) + abs(x));
  } else if constexpr (kKind == A::Sigmoid) {
    return sigmoid(x);
  } else if constexpr (kKind == A::Swish) {
    return swish(x, alpha * set1(-kLog2e));
  } else if constexpr (kKind == A::Tanh) {
    return tanh(x);
  } else if constexpr (kKind == A::Gelu) {
    return gelu(x);
  } else if constexpr (kKind == A::GeluTanh) {
    return gelu_tanh(x);
  } else if constexpr (kKind == A::Elu) {
    return select(x < zero(), alpha * expm1(x), x);
  } else if constexpr (kKind == A::Selu) {
    return beta * select(x < zero(), alpha * expm1(x), x);
  } else if constexpr (kKind == A::Celu) {
    return select(x < zero(), alpha * expm1(x / alpha), x);
  } else if constexpr (kKind == A::Softplus) {
    return softplus(x);
  } else if constexpr (kKind == A::Mish) {
    return mish(x);
  } else {
    return activate_cheap<kKind>(x, alpha, beta);
  }
}

template <BinaryKind kKind>
KEEL_INLINE Vec binary_function(Vec a, Vec b) {
  if constexpr (kKind == B::Add) return a + b;
  if constexpr (kKind == B::Sub) return a - b;
  if constexpr (kKind == B::Mul) return a * b;
  if constexpr (kKind == B::Div) return a / b;
  if constexpr (kKind == B::Min) return min_nan(a, b);
  if constexpr (kKind == B::Max) return max_nan(a, b);
  if constexpr (kKind == B::Pow) return pow(a, b);
  if constexpr (kKind == B::PRelu) return select(a < zero(), a * b, a);
}

template <UnaryKind kKind>
void unary_loop(const float* x, float* y, std::int64_t n) {
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(y + i, unary_function<kKind>(load(x + i)));
  if (i < n) store_partial(y + i, unary_function<kKind>(load_partial(x + i, n - i)), n - i);
}

template <ActivationKind kKind>
void activation_loop(const Activation& activation, const float* x, float* y, std::int64_t n) {
  const Vec alpha = set1(activation.alpha), beta = set1(activation.beta);
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    store(y + i, activation_function<kKind>(load(x + i), alpha, beta));
  }
  if (i < n) {
    const Vec v = load_partial(x + i, n - i);
    store_partial(y + i, activation_function<kKind>(v, alpha, beta), n - i);
  }
}

// Vectors per round of a binary loop: one branch on the activation serves them all. One where they
// are narrow: such a processor's worth of speed is not worth the code.
constexpr int kRound = kWidth == 4 ? 1 : 4;

template <BinaryKind kKind, Inner kInner>
void binary_loop(const float* a, const float* b, float* y, std::int64_t n,
                 const Activation& activation) {
  constexpr bool kA = kInner != Inner::ScalarVector, kB = kInner != Inner::VectorScalar;
  const Vec a0 = kA ? zero() : broadcast(a), b0 = kB ? zero() : broadcast(b);
  std::int64_t i = 0;
  for (; i + kRound * kWidth <= n; i += kRound * kWidth) {
    Vec v[kRound];
    KEEL_UNROLL for (int j = 0; j < kRound; j++) {
      const std::int64_t at = i + j * kWidth;
      v[j] = binary_function<kKind>(kA ? load(a + at) : a0, kB ? load(b + at) : b0);
    }
    apply(activation, v);
    KEEL_UNROLL for (int j = 0; j < kRound; j++) store(y + i + j * kWidth, v[j]);
  }
  for (; i < n; i += kWidth) {
    const std::int64_t left = n - i < kWidth ? n - i : kWidth;
    const Vec v = binary_function<kKind>(kA ? load_partial(a + i, left) : a0,
                                         kB ? load_partial(b + i, left) : b0);
    store_partial(y + i, apply(activation, v), left);
  }
}

template <BinaryKind kKind, Inner kInner>
void blocked_loop(const float* a, const float* b, float* y, std::int64_t groups,
                  std::int64_t channels, const Activation& activation) {
  constexpr bool kA = kInner != Inner::ScalarVector, kB = kInner != Inner::VectorScalar;
  alignas(64) float real[kBlock];
  for (int c = 0; c < kBlock; c++) real[c] = c < channels ? 1.0f : 0.0f;
  for (std::int64_t at = 0; at < groups * kBlock; at += kBlock) {
    for (int v = 0; v < kBlock; v += kWidth) {
      const Vec x =
          binary_function<kKind>(load(a + (kA ? at : 0) + v), load(b + (kB ? at : 0) + v));
      const Vec result = apply(activation, x);
      store(y + at + v, select(load(real + v) == zero(), zero(), result));
    }
  }
}

void unary(UnaryKind kind, const float* x, float* y, std::int64_t n) {
  switch (kind) {
#define KEEL_CASE(name) \
  case U::name:         \
    return unary_loop<U::name>(x, y, n);
    KEEL_CASE(Abs)
    KEEL_CASE(Neg)
    KEEL_CASE(Reciprocal)
    KEEL_CASE(Sign)
    KEEL_CASE(Floor)
    KEEL_CASE(Ceil)
    KEEL_CASE(Round)
    KEEL_CASE(Sqrt)
    KEEL_CASE(Exp)
    KEEL_CASE(Log)
    KEEL_CASE(Erf)
    KEEL_CASE(Sin)
    KEEL_CASE(Cos)
    KEEL_CASE(Tan)
    KEEL_CASE(Asin)
    KEEL_CASE(Acos)
    KEEL_CASE(Atan)
    KEEL_CASE(Sinh)
    KEEL_CASE(Cosh)
    KEEL_CASE(Asinh)
    KEEL_CASE(Acosh)
    KEEL_CASE(Atanh)
#undef KEEL_CASE
  }
}

void activate(const Activation& activation, const float* x, float* y, std::int64_t n) {
  switch (activation.kind) {
#define KEEL_CASE(name) \
  case A::name:         \
    return activation_loop<A::name>(activation, x, y, n);
    KEEL_CASE(None)
    KEEL_CASE(Relu)
    KEEL_CASE(LeakyRelu)
    KEEL_CASE(ThresholdedRelu)
    KEEL_CASE(Clip)
    KEEL_CASE(HardSigmoid)
    KEEL_CASE(HardSwish)
    KEEL_CASE(Softsign)
    KEEL_CASE(Sigmoid)
    KEEL_CASE(Swish)
    KEEL_CASE(Tanh)
    KEEL_CASE(Gelu)
    KEEL_CASE(GeluTanh)
    KEEL_CASE(Elu)
    KEEL_CASE(Selu)
    KEEL_CASE(Celu)
    KEEL_CASE(Softplus)
    KEEL_CASE(Mish)
#undef KEEL_CASE
  }
}

#define KEEL_CASES(loop, ...)                         \
  switch (kind) {                                     \
    case B::Add:                                      \
      return loop<B::Add, KEEL_INNER>(__VA_ARGS__);   \
    case B::Sub:                                      \
      return loop<B::Sub, KEEL_INNER>(__VA_ARGS__);   \
    case B::Mul:                                      \
      return loop<B::Mul, KEEL_INNER>(__VA_ARGS__);   \
    case B::Div:                                      \
      return loop<B::Div, KEEL_INNER>(__VA_ARGS__);   \
    case B::Min:                                      \
      return loop<B::Min, KEEL_INNER>(__VA_ARGS__);   \
    case B::Max:                                      \
      return loop<B::Max, KEEL_INNER>(__VA_ARGS__);   \
    case B::Pow:                                      \
      return loop<B::Pow, KEEL_INNER>(__VA_ARGS__);   \
    case B::PRelu:                                    \
      return loop<B::PRelu, KEEL_INNER>(__VA_ARGS__); \
  }

template <Inner KEEL_INNER>
void binary_of(BinaryKind kind, const float* a, const float* b, float* y, std::int64_t n,
               const Activation& activation) {
  KEEL_CASES(binary_loop, a, b, y, n, activation)
}

template <Inner KEEL_INNER>
void blocked_of(BinaryKind kind, const float* a, const float* b, float* y, std::int64_t groups,
                std::int64_t channels, const Activation& activation) {
  KEEL_CASES(blocked_loop, a, b, y, groups, channels, activation)
}
#undef KEEL_CASES

void binary(BinaryKind kind, Inner inner, const float* a, const float* b, float* y, std::int64_t n,
            const Activation& activation) {
  if (n == 0) return;
  switch (inner) {
    case Inner::VectorVector:
      return binary_of<Inner::VectorVector>(kind, a, b, y, n, activation);
    case Inner::VectorScalar:
      return binary_of<Inner::VectorScalar>(kind, a, b, y, n, activation);
    case Inner::ScalarVector:
      return binary_of<Inner::ScalarVector>(kind, a, b, y, n, activation);
  }
}

void binary_blocked(BinaryKind kind, Inner inner, const float* a, const float* b, float* y,
                    std::int64_t groups, std::int64_t channels, const Activation& activation) {
  if (groups == 0) return;
  switch (inner) {
    case Inner::VectorVector:
      return blocked_of<Inner::VectorVector>(kind, a, b, y, groups, channels, activation);
    case Inner::VectorScalar:
      return blocked_of<Inner::VectorScalar>(kind, a, b, y, groups, channels, activation);
    case Inner::ScalarVector:
      return blocked_of<Inner::ScalarVector>(kind, a, b, y, groups, channels, activation);
  }
}

}  // namespace

void activate_vectors(const Activation& activation, float* v, std::int64_t n) {
  activate(activation, v, v, n * kWidth);
}

extern const ElementwiseKernels elementwise_kernels;
const ElementwiseKernels elementwise_kernels = {unary, activate, binary, binary_blocked};

}  // namespace keel::simd::KEEL_TARGET
