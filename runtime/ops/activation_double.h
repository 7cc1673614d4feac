// The activations of an epilogue in double precision, for kernels that are not vectorised.
#pragma once

#include <cmath>

#include "simd/activation.h"

namespace keel {

inline double clamp_unit(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

// simd/activation.h has the formulas. NaN gives NaN.
inline double activate(const simd::Activation& activation, double x) {
  using Kind = simd::ActivationKind;
  const double alpha = activation.alpha, beta = activation.beta;
  switch (activation.kind) {
    case Kind::None:
      return x;
    case Kind::Relu:
      return x < 0 ? 0 : x;
    case Kind::LeakyRelu:
      return x < 0 ? alpha * x : x;
    case Kind::Clip: {
      const double raised = x < alpha ? alpha : x;
      return raised > beta ? beta : raised;
    }
    case Kind::HardSigmoid:
      return clamp_unit(alpha * x + beta);
    case Kind::HardSwish:
      return x * clamp_unit(x / 6 + 0.5);
    case Kind::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case Kind::Swish:
      return x / (1 + std::exp(-alpha * x));
    case Kind::Tanh:
      return std::tanh(x);
    case Kind::Gelu:
      return x / 2 * (1 + std::erf(x * M_SQRT1_2));
    case Kind::GeluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Kind::Elu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case Kind::Softplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case Kind::Mish:
      return x * std::tanh(x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)));
  }
  return x;
}

}  // namespace keel
