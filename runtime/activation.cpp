#include "runtime/activation.h"

#include <cmath>

namespace keel {
namespace {

using Kind = simd::ActivationKind;

Kind gelu_kind(const Node& node) {
  const std::string approximate = node.string_or("approximate", "none");
  if (approximate == "tanh") return Kind::GeluTanh;
  if (approximate != "none") node.fail_attribute("approximate", "expected 'none' or 'tanh'");
  return Kind::Gelu;
}

double clamp_unit(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
double elu(double alpha, double x) { return x < 0 ? alpha * std::expm1(x) : x; }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

}  // namespace

const std::vector<ActivationOperator>& activation_operators() {
  static const std::vector<ActivationOperator> operators = {
      {"Relu", 1, Kind::Relu},
      {"LeakyRelu", 1, Kind::LeakyRelu, "alpha", 0.01f},
      {"ThresholdedRelu", 10, Kind::ThresholdedRelu, "alpha", 1.0f},
      {"HardSigmoid", 1, Kind::HardSigmoid, "alpha", 0.2f, "beta", 0.5f},
      {"HardSwish", 14, Kind::HardSwish},
      {"Softsign", 1, Kind::Softsign},
      {"Sigmoid", 1, Kind::Sigmoid},
      {"Swish", 24, Kind::Swish, "alpha", 1.0f},
      {"Tanh", 1, Kind::Tanh},
      {"Gelu", 20, Kind::Gelu},
      {"Elu", 1, Kind::Elu, "alpha", 1.0f},
      {"Selu", 1, Kind::Selu, "alpha", 1.67326319f, "gamma", 1.05070102f},
      {"Celu", 12, Kind::Celu, "alpha", 1.0f},
      {"Softplus", 1, Kind::Softplus},
      {"Mish", 18, Kind::Mish},
  };
  return operators;
}

std::optional<simd::Activation> activation_of(const Node& node) {
  if (!node.domain.empty()) return std::nullopt;
  for (const ActivationOperator& row : activation_operators()) {
    if (row.name != node.op_type) continue;
    simd::Activation activation{row.kind};
    if (row.alpha != nullptr) activation.alpha = node.float_or(row.alpha, row.alpha_default);
    if (row.beta != nullptr) activation.beta = node.float_or(row.beta, row.beta_default);
    if (row.kind == Kind::Gelu) activation.kind = gelu_kind(node);
    return activation;
  }
  return std::nullopt;
}

double activate(const simd::Activation& activation, double x) {
  const double alpha = activation.alpha, beta = activation.beta;
  switch (activation.kind) {
    case Kind::None:
      return x;
    case Kind::Relu:
      return x < 0 ? 0 : x;
    case Kind::LeakyRelu:
      return x < 0 ? alpha * x : x;
    case Kind::ThresholdedRelu:
      return x <= alpha ? 0 : x;
    case Kind::Clip: {
      const double raised = x < alpha ? alpha : x;
      return raised > beta ? beta : raised;
    }
    case Kind::HardSigmoid:
      return clamp_unit(alpha * x + beta);
    case Kind::HardSwish:
      return x * clamp_unit(x / 6 + 0.5);
    case Kind::Softsign:
      return x / (1 + std::abs(x));
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
      return elu(alpha, x);
    case Kind::Selu:
      return beta * elu(alpha, x);
    case Kind::Celu:
      return x < 0 ? alpha * std::expm1(x / alpha) : x;
    case Kind::Softplus:
      return softplus(x);
    case Kind::Mish:
      return x * std::tanh(softplus(x));
  }
  return x;
}

}  // namespace keel
