// Activations: functions that a kernel applies to its result before storing it.
#pragma once

namespace keel::simd {

// y = f(x). alpha and beta are those of Activation; kinds that do not name them ignore them. NaN
// gives NaN. Infinities follow the formula in IEEE arithmetic, except that Mish(inf) = inf.
enum class ActivationKind {
  None,             // x
  Relu,             // max(x, 0)
  LeakyRelu,        // x < 0 ? alpha * x : x
  ThresholdedRelu,  // x > alpha ? x : 0
  Clip,             // min(max(x, alpha), beta)
  HardSigmoid,      // min(max(alpha * x + beta, 0), 1)
  HardSwish,        // x * min(max(x / 6 + 1/2, 0), 1)
  Softsign,         // x / (1 + |x|)
  Sigmoid,          // 1 / (1 + exp(-x))
  Swish,            // x * sigmoid(alpha * x); SiLU where alpha = 1
  Tanh,             // tanh(x)
  Gelu,             // x / 2 * (1 + erf(x / sqrt(2)))
  GeluTanh,         // x / 2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
  Elu,              // x < 0 ? alpha * (exp(x) - 1) : x
  Selu,             // beta * (x < 0 ? alpha * (exp(x) - 1) : x); ONNX's gamma is beta
  Celu,             // x < 0 ? alpha * (exp(x / alpha) - 1) : x
  Softplus,         // log(1 + exp(x))
  Mish,             // x * tanh(log(1 + exp(x)))
};

struct Activation {
  ActivationKind kind = ActivationKind::None;
  float alpha = 0.0f;
  float beta = 0.0f;
};

}  // namespace keel::simd
