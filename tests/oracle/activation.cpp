// Activation functions, with ONNX's formulas and defaults.
#include <cmath>

#include "tests/oracle/call.h"

namespace keel::oracle {

double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// log(1 + e^x)
double softplus(double x) { return larger(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

namespace {

double relu(double x) { return larger(x, 0.0); }
double softsign(double x) { return x / (1 + std::fabs(x)); }
double hard_swish(double x) { return x * larger(0.0, smaller(1.0, x / 6 + 0.5)); }
double mish(double x) { return x * std::tanh(softplus(x)); }
double gelu_erf(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

// f(x, alpha, beta); those of one parameter ignore the second.
double leaky_relu(double x, double alpha, double) { return x < 0 ? alpha * x : x; }
double elu(double x, double alpha, double) { return x < 0 ? alpha * std::expm1(x) : x; }
double selu(double x, double alpha, double gamma) {
  return gamma * (x <= 0 ? alpha * std::expm1(x) : x);
}
double celu(double x, double alpha, double) {
  return larger(0.0, x) + smaller(0.0, alpha * std::expm1(x / alpha));
}
double thresholded_relu(double x, double alpha, double) {
  return x > alpha || std::isnan(x) ? x : 0;
}
double hard_sigmoid(double x, double alpha, double beta) {
  return larger(0.0, smaller(1.0, alpha * x + beta));
}
double swish(double x, double alpha, double) { return x * sigmoid(alpha * x); }
double shrink(double x, double lambda, double bias) {
  return x < -lambda ? x + bias : x > lambda ? x - bias : 0;
}

}  // namespace

double activated(const simd::Activation& activation, double x) {
  using Kind = simd::ActivationKind;
  const double a = activation.alpha, b = activation.beta;
  switch (activation.kind) {
    case Kind::None:
      return x;
    case Kind::Relu:
      return relu(x);
    case Kind::LeakyRelu:
      return leaky_relu(x, a, b);
    case Kind::ThresholdedRelu:
      return thresholded_relu(x, a, b);
    case Kind::Clip:
      return smaller(larger(x, a), b);
    case Kind::HardSigmoid:
      return hard_sigmoid(x, a, b);
    case Kind::HardSwish:
      return hard_swish(x);
    case Kind::Softsign:
      return softsign(x);
    case Kind::Sigmoid:
      return sigmoid(x);
    case Kind::Swish:
      return swish(x, a, b);
    case Kind::Tanh:
      return std::tanh(x);
    case Kind::Gelu:
      return gelu_erf(x);
    case Kind::GeluTanh:
      return gelu_tanh(x);
    case Kind::Elu:
      return elu(x, a, b);
    case Kind::Selu:
      return selu(x, a, b);
    case Kind::Celu:
      return celu(x, a, b);
    case Kind::Softplus:
      return softplus(x);
    case Kind::Mish:
      return mish(x);
  }
  return x;
}

namespace {

Arrays any_relu(const Call& c) {
  if (c[0].is_real()) return {map_reals(c[0], relu)};
  Array out = c[0];
  for (std::int64_t& v : out.ints) v = integer_less(out.type, v, 0) ? 0 : v;
  return {out};
}

Arrays gelu(const Call& c) {
  const bool tanh = c.node.string_or("approximate", "none") == "tanh";
  return {map_reals(c[0], tanh ? gelu_tanh : gelu_erf)};
}

// min(max(x, low), high): high wins where low > high.
Arrays clip(const Call& c) {
  Array out = c[0];
  if (out.is_real()) {
    for (double& v : out.reals) {
      if (c.has(1)) v = larger(v, c[1].reals[0]);
      if (c.has(2)) v = smaller(v, c[2].reals[0]);
    }
    return {out};
  }
  for (std::int64_t& v : out.ints) {
    if (c.has(1) && integer_less(out.type, v, c[1].ints[0])) v = c[1].ints[0];
    if (c.has(2) && integer_less(out.type, c[2].ints[0], v)) v = c[2].ints[0];
  }
  return {out};
}

// The names and defaults of the attributes that f takes as alpha and beta.
struct Parametric {
  const char *first, *second;
  float a, b;
  double (*f)(double x, double a, double b);
};

}  // namespace

void add_activations(Table& table) {
  const std::map<std::string, double (*)(double)> plain = {{"Sigmoid", sigmoid},
                                                           {"Softplus", softplus},
                                                           {"Softsign", softsign},
                                                           {"HardSwish", hard_swish},
                                                           {"Mish", mish}};
  const std::map<std::string, Parametric> parametric = {
      {"LeakyRelu", {"alpha", "", 0.01f, 0, leaky_relu}},
      {"Elu", {"alpha", "", 1, 0, elu}},
      {"Selu", {"alpha", "gamma", 1.67326319217681884765625f, 1.05070102214813232421875f, selu}},
      {"Celu", {"alpha", "", 1, 0, celu}},
      {"ThresholdedRelu", {"alpha", "", 1, 0, thresholded_relu}},
      {"HardSigmoid", {"alpha", "beta", 0.2f, 0.5f, hard_sigmoid}},
      {"Swish", {"alpha", "", 1, 0, swish}},
      {"Shrink", {"lambd", "bias", 0.5f, 0, shrink}}};
  for (const auto& [name, f] : plain)
    table[name] = [f = f](const Call& c) -> Arrays { return {map_reals(c[0], f)}; };
  for (const auto& [name, p] : parametric)
    table[name] = [p = p](const Call& c) -> Arrays {
      const double a = c.node.float_or(p.first, p.a);
      const double b = *p.second ? c.node.float_or(p.second, p.b) : p.b;
      return {map_reals(c[0], [=](double x) { return p.f(x, a, b); })};
    };
  table["Relu"] = any_relu;
  table["Gelu"] = gelu;
  table["Clip"] = clip;
}

}  // namespace keel::oracle
