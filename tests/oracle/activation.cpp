// Activation functions, with ONNX's formulas and defaults.
#include <cmath>
#include <limits>

#include "tests/oracle/call.h"

namespace keel::oracle {

double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// log(1 + e^x)
double softplus(double x) { return larger(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

namespace {

using Unary = double (*)(double);

double hard_swish(double x) { return x * larger(0.0, smaller(1.0, x / 6 + 0.5)); }

Arrays relu(const Call& c) {
  if (c[0].is_real()) return {map_reals(c[0], [](double v) { return larger(v, 0.0); })};
  Array out = c[0];
  for (std::int64_t& v : out.ints) v = integer_less(out.type, v, 0) ? 0 : v;
  return {out};
}

// f(x, alpha, beta) with the names and defaults of its attributes.
struct Parametric {
  const char *first, *second;
  float a, b;
  double (*f)(double x, double a, double b);
};

const std::map<std::string, Parametric>& parametric() {
  static const std::map<std::string, Parametric> functions = {
      {"LeakyRelu",
       {"alpha", "", 0.01f, 0, [](double x, double a, double) { return x < 0 ? a * x : x; }}},
      {"Elu",
       {"alpha", "", 1, 0,
        [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }}},
      {"Selu",
       {"alpha", "gamma", 1.67326319217681884765625f, 1.05070102214813232421875f,
        [](double x, double a, double g) { return g * (x <= 0 ? a * std::expm1(x) : x); }}},
      {"Celu",
       {"alpha", "", 1, 0,
        [](double x, double a, double) {
          return larger(0.0, x) + smaller(0.0, a * std::expm1(x / a));
        }}},
      {"ThresholdedRelu",
       {"alpha", "", 1, 0,
        [](double x, double a, double) { return x > a || std::isnan(x) ? x : 0; }}},
      {"HardSigmoid",
       {"alpha", "beta", 0.2f, 0.5f,
        [](double x, double a, double b) { return larger(0.0, smaller(1.0, a * x + b)); }}},
      {"Swish", {"alpha", "", 1, 0, [](double x, double a, double) { return x * sigmoid(a * x); }}},
      {"Shrink",
       {"lambd", "bias", 0.5f, 0,
        [](double x, double lambda, double bias) {
          return x < -lambda ? x + bias : x > lambda ? x - bias : 0;
        }}},
  };
  return functions;
}

Arrays gelu(const Call& c) {
  const std::string approximate = c.node.string_or("approximate", "none");
  if (approximate == "tanh")
    return {map_reals(c[0], [](double x) {
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    })};
  return {map_reals(c[0], [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); })};
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

}  // namespace

void add_activations(Table& table) {
  const std::map<std::string, Unary> plain = {
      {"Sigmoid", sigmoid},
      {"Softplus", softplus},
      {"Softsign", [](double x) { return x / (1 + std::fabs(x)); }},
      {"HardSwish", hard_swish},
      {"Mish", [](double x) { return x * std::tanh(softplus(x)); }},
  };
  for (const auto& [name, f] : plain)
    table[name] = [f = f](const Call& c) -> Arrays { return {map_reals(c[0], f)}; };
  for (const auto& [name, p] : parametric())
    table[name] = [p = p](const Call& c) -> Arrays {
      const double a = c.node.float_or(p.first, p.a);
      const double b = *p.second ? c.node.float_or(p.second, p.b) : p.b;
      return {map_reals(c[0], [=](double x) { return p.f(x, a, b); })};
    };
  table["Relu"] = relu;
  table["Gelu"] = gelu;
  table["Clip"] = clip;
}

}  // namespace keel::oracle
