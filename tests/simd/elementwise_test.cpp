#include "simd/elementwise.h"

#include <gtest/gtest.h>

#include <cfenv>

#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double clamp01(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

struct UnaryRow {
  UnaryKind kind;
  const char* name;
  double (*reference)(double);
  double ulp;  // the largest error allowed, in units of the last place
};
const UnaryRow kUnary[] = {
    {UnaryKind::Abs, "Abs", [](double x) { return std::fabs(x); }, 0},
    {UnaryKind::Neg, "Neg", [](double x) { return -x; }, 0},
    {UnaryKind::Reciprocal, "Reciprocal", [](double x) { return 1 / x; }, 0.51},
    {UnaryKind::Sign, "Sign", [](double x) { return x > 0   ? 1
                                                    : x < 0 ? -1
                                                            : x; }, 0},
    {UnaryKind::Floor, "Floor", [](double x) { return std::floor(x); }, 0},
    {UnaryKind::Ceil, "Ceil", [](double x) { return std::ceil(x); }, 0},
    {UnaryKind::Round, "Round", [](double x) { return std::nearbyint(x); }, 0},
    {UnaryKind::Sqrt, "Sqrt", [](double x) { return std::sqrt(x); }, 0.51},
    {UnaryKind::Exp, "Exp", [](double x) { return std::exp(x); }, 3},
    {UnaryKind::Log, "Log", [](double x) { return std::log(x); }, 3},
    {UnaryKind::Erf, "Erf", [](double x) { return std::erf(x); }, 3},
    {UnaryKind::Sin, "Sin", [](double x) { return std::sin(x); }, 3},
    {UnaryKind::Cos, "Cos", [](double x) { return std::cos(x); }, 3},
    {UnaryKind::Tan, "Tan", [](double x) { return std::tan(x); }, 4},
    {UnaryKind::Asin, "Asin", [](double x) { return std::asin(x); }, 4},
    {UnaryKind::Acos, "Acos", [](double x) { return std::acos(x); }, 4},
    {UnaryKind::Atan, "Atan", [](double x) { return std::atan(x); }, 4},
    {UnaryKind::Sinh, "Sinh", [](double x) { return std::sinh(x); }, 4},
    {UnaryKind::Cosh, "Cosh", [](double x) { return std::cosh(x); }, 4},
    {UnaryKind::Asinh, "Asinh", [](double x) { return std::asinh(x); }, 4},
    {UnaryKind::Acosh, "Acosh", [](double x) { return std::acosh(x); }, 4},
    {UnaryKind::Atanh, "Atanh", [](double x) { return std::atanh(x); }, 4},
};

struct ActivationRow {
  Activation activation;
  const char* name;
  double (*reference)(double);
  double ulp;       // allowed: this many units of the last place,
  double absolute;  // or this error relative to max(1, |x|)
};
const ActivationRow kActivation[] = {
    {{ActivationKind::None}, "None", [](double x) { return x; }, 0, 0},
    {{ActivationKind::Relu}, "Relu", [](double x) { return x > 0 || std::isnan(x) ? x : 0; }, 0, 0},
    {{ActivationKind::LeakyRelu, 0.25f},
     "LeakyRelu",
     [](double x) { return x < 0 ? 0.25 * x : x; },
     0.51,
     0},
    {{ActivationKind::ThresholdedRelu, 0.5f},
     "ThresholdedRelu",
     [](double x) { return x > 0.5 || std::isnan(x) ? x : 0; },
     0,
     0},
    {{ActivationKind::Clip, -0.5f, 6.0f},
     "Clip",
     [](double x) { return x < -0.5 ? -0.5
                           : x > 6  ? 6
                                    : x; },
     0,
     0},
    {{ActivationKind::HardSigmoid, 0.25f, 0.5f},
     "HardSigmoid",
     [](double x) { return clamp01(0.25 * x + 0.5); },
     1,
     6e-8},
    {{ActivationKind::HardSwish},
     "HardSwish",
     [](double x) { return x * clamp01(x / 6 + 0.5); },
     2,
     1.2e-7},
    {{ActivationKind::Softsign},
     "Softsign",
     [](double x) { return std::isinf(x) ? std::nan("") : x / (1 + std::fabs(x)); },
     2,
     0},
    {{ActivationKind::Sigmoid}, "Sigmoid", sigmoid, 3, 0},
    {{ActivationKind::Swish, 1.5f},
     "Swish",
     [](double x) { return x * sigmoid(1.5 * x); },
     4,
     1e-7},
    {{ActivationKind::Tanh}, "Tanh", [](double x) { return std::tanh(x); }, 3, 0},
    {{ActivationKind::Gelu},
     "Gelu",
     [](double x) { return x / 2 * (1 + std::erf(x * std::sqrt(0.5))); },
     1,
     4e-7},
    {{ActivationKind::GeluTanh},
     "GeluTanh",
     [](double x) {
       return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
     },
     1,
     4e-7},
    {{ActivationKind::Elu, 1.5f},
     "Elu",
     [](double x) { return x < 0 ? 1.5 * std::expm1(x) : x; },
     4,
     0},
    {{ActivationKind::Selu, 1.5f, 1.25f},
     "Selu",
     [](double x) { return 1.25 * (x < 0 ? 1.5 * std::expm1(x) : x); },
     4,
     0},
    {{ActivationKind::Celu, 2.0f},
     "Celu",
     [](double x) { return x < 0 ? 2 * std::expm1(x / 2) : x; },
     4,
     0},
    {{ActivationKind::Softplus},
     "Softplus",
     [](double x) { return x > 700 ? x : std::log1p(std::exp(x)); },
     4,
     0},
    {{ActivationKind::Mish},
     "Mish",
     [](double x) { return x > 700 ? x : x * std::tanh(std::log1p(std::exp(x))); },
     5,
     1e-43},
};

float from_bits(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Samples of all floats in batches, edges first. With KEEL_EXHAUSTIVE naming the function (Exp), or
// "all": every float there is.
class Floats {
 public:
  explicit Floats(const std::string& function) {
    const char* wanted = std::getenv("KEEL_EXHAUSTIVE");
    step_ = wanted && (function == wanted || std::string(wanted) == "all") ? 1 : 8209;
  }
  bool next(Buffer& batch, std::int64_t& n) {
    n = 0;
    if (!edges_done_) {
      edges_done_ = true;
      for (float x : {0.0f,
                      1.17549435e-38f,
                      1e-45f,
                      1e-40f,
                      0.5f,
                      1.0f,
                      1.5f,
                      2.5f,
                      3.5f,
                      87.3f,
                      88.0f,
                      88.72283f,
                      88.73f,
                      89.0f,
                      89.4f,
                      103.9f,
                      104.1f,
                      8388608.5f,
                      1e9f,
                      3.40282347e38f,
                      std::numeric_limits<float>::infinity(),
                      std::numeric_limits<float>::quiet_NaN()}) {
        batch[n++] = x;
        batch[n++] = -x;
      }
      return true;
    }
    while (n < batch.size() && at_ <= 0xffffffffu) {
      batch[n++] = from_bits(static_cast<std::uint32_t>(at_));
      at_ += step_;
    }
    return n > 0;
  }

 private:
  std::uint64_t step_ = 0, at_ = 0;
  bool edges_done_ = false;
};

struct Worst {
  double error = 0;
  float x = 0, y = 0;
  double want = 0;
  void see(double e, float at, float got, double reference) {
    if (e > error) error = e, x = at, y = got, want = reference;
  }
};
std::ostream& operator<<(std::ostream& out, const Worst& w) {
  return out << w.error << " at x = " << w.x << " (" << std::hexfloat << w.x << std::defaultfloat
             << "): " << w.y << ", reference " << w.want;
}

TEST(Elementwise, UnaryAccuracyOverTheFloats) {
  for (const UnaryRow& row : kUnary) {
    std::vector<Worst> worst(isas().size());
    Floats floats(row.name);
    Buffer x(4096), y(4096);
    std::vector<double> want(4096);
    for (std::int64_t n; floats.next(x, n);) {
      for (std::int64_t i = 0; i < n; i++) want[i] = row.reference(x[i]);
      for (std::size_t k = 0; k < isas().size(); k++) {
        isas()[k]->elementwise->unary(row.kind, x.data(), y.data(), n);
        for (std::int64_t i = 0; i < n; i++) {
          worst[k].see(ulp_error(y[i], want[i]), x[i], y[i], want[i]);
        }
      }
    }
    for (std::size_t k = 0; k < isas().size(); k++) {
      EXPECT_LE(worst[k].error, row.ulp) << row.name << " " << isas()[k]->isa << ": " << worst[k];
      RecordProperty(std::string(row.name) + "_" + isas()[k]->isa, std::to_string(worst[k].error));
    }
  }
}

TEST(Elementwise, ActivationAccuracyOverTheFloats) {
  for (const ActivationRow& row : kActivation) {
    std::vector<Worst> worst(isas().size());
    Floats floats(row.name);
    Buffer x(4096), y(4096);
    std::vector<double> want(4096);
    for (std::int64_t n; floats.next(x, n);) {
      for (std::int64_t i = 0; i < n; i++) want[i] = row.reference(x[i]);
      for (std::size_t k = 0; k < isas().size(); k++) {
        isas()[k]->elementwise->activate(row.activation, x.data(), y.data(), n);
        for (std::int64_t i = 0; i < n; i++) {
          const double scale = row.absolute * std::max(1.0, std::fabs(static_cast<double>(x[i])));
          if (std::fabs(y[i] - want[i]) <= scale) continue;
          worst[k].see(ulp_error(y[i], want[i]), x[i], y[i], want[i]);
        }
      }
    }
    for (std::size_t k = 0; k < isas().size(); k++) {
      EXPECT_LE(worst[k].error, row.ulp) << row.name << " " << isas()[k]->isa << ": " << worst[k];
      RecordProperty(std::string(row.name) + "_" + isas()[k]->isa, std::to_string(worst[k].error));
    }
  }
}

TEST(Elementwise, SizesGuardsAndInPlace) {
  for (const KernelTable* k : isas()) {
    SCOPED_TRACE(k->isa);
    for (std::int64_t n : hostile_sizes()) {
      SCOPED_TRACE(n);
      for (int misalign : {0, 1, 3}) {
        Buffer x(n, misalign), y(n, 2), z(n, misalign);
        x.fill_random();
        for (std::int64_t i = 0; i < n; i++) z[i] = x[i];
        k->elementwise->unary(UnaryKind::Neg, x.data(), y.data(), n);
        y.check("unary");
        for (std::int64_t i = 0; i < n; i++) ASSERT_EQ(y[i], -x[i]);
        k->elementwise->activate({ActivationKind::Relu}, z.data(), z.data(), n);
        z.check("activate");
        for (std::int64_t i = 0; i < n; i++) ASSERT_EQ(z[i], x[i] > 0 ? x[i] : 0);
      }
    }
  }
}

struct BinaryRow {
  BinaryKind kind;
  const char* name;
  float (*reference)(float, float);
};
float numpy_min(float a, float b) { return std::isnan(a) || a < b ? a : b; }
float numpy_max(float a, float b) { return std::isnan(a) || a > b ? a : b; }
const BinaryRow kBinary[] = {
    {BinaryKind::Add, "Add", [](float a, float b) { return a + b; }},
    {BinaryKind::Sub, "Sub", [](float a, float b) { return a - b; }},
    {BinaryKind::Mul, "Mul", [](float a, float b) { return a * b; }},
    {BinaryKind::Div, "Div", [](float a, float b) { return a / b; }},
    {BinaryKind::Min, "Min", numpy_min},
    {BinaryKind::Max, "Max", numpy_max},
    {BinaryKind::PRelu, "PRelu", [](float a, float b) { return a < 0 ? a * b : a; }},
};
constexpr Inner kInner[] = {Inner::VectorVector, Inner::VectorScalar, Inner::ScalarVector};

bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST(Elementwise, BinaryIsExactInEveryPattern) {
  const Activation none = {}, clip = {ActivationKind::Clip, -0.5f, 0.75f};
  for (const KernelTable* k : isas()) {
    for (const BinaryRow& row : kBinary) {
      for (std::int64_t n : hostile_sizes()) {
        for (Inner inner : kInner) {
          SCOPED_TRACE(testing::Message() << k->isa << " " << row.name << " " << n << " pattern "
                                          << static_cast<int>(inner));
          const std::int64_t na = inner == Inner::ScalarVector ? 1 : n;
          const std::int64_t nb = inner == Inner::VectorScalar ? 1 : n;
          Buffer a(na, 1), b(nb, 2), y(n, 3), z(n);
          a.fill_random();
          b.fill_random();
          for (std::int64_t i = 5; i < na; i += 7) a[i] = std::nanf("");
          for (std::int64_t i = 3; i < nb; i += 5) b[i] = std::nanf("");
          k->elementwise->binary(row.kind, inner, a.data(), b.data(), y.data(), n, none);
          k->elementwise->binary(row.kind, inner, a.data(), b.data(), z.data(), n, clip);
          y.check();
          z.check();
          for (std::int64_t i = 0; i < n; i++) {
            const float want = row.reference(a[na == 1 ? 0 : i], b[nb == 1 ? 0 : i]);
            ASSERT_TRUE(same(y[i], want)) << i << ": " << y[i] << ", not " << want;
            const float clipped = want < -0.5f ? -0.5f : want > 0.75f ? 0.75f : want;
            ASSERT_TRUE(same(z[i], clipped)) << i << ": " << z[i] << ", not " << clipped;
          }
        }
      }
    }
  }
}

TEST(Elementwise, BlockedBroadcastKeepsPaddingZero) {
  for (const KernelTable* k : isas()) {
    for (const BinaryRow& row : kBinary) {
      for (std::int64_t groups : {0, 1, 2, 7, 31}) {
        for (std::int64_t channels : {1, 5, 15, 16}) {
          for (Inner inner : kInner) {
            SCOPED_TRACE(testing::Message() << k->isa << " " << row.name << " " << groups << " x "
                                            << channels << " " << static_cast<int>(inner));
            const bool one_a = inner == Inner::ScalarVector, one_b = inner == Inner::VectorScalar;
            Buffer a((one_a ? 1 : groups) * 16, 1), b((one_b ? 1 : groups) * 16, 2),
                y(groups * 16, 3);
            a.fill_random();
            b.fill_random();
            k->elementwise->binary_blocked(row.kind, inner, a.data(), b.data(), y.data(), groups,
                                           channels, {ActivationKind::Relu});
            y.check();
            for (std::int64_t i = 0; i < groups * 16; i++) {
              const float v = row.reference(a[one_a ? i % 16 : i], b[one_b ? i % 16 : i]);
              const float want = i % 16 >= channels ? 0.0f : v > 0 || std::isnan(v) ? v : 0.0f;
              ASSERT_TRUE(same(y[i], want)) << i << ": " << y[i] << ", not " << want;
            }
          }
        }
      }
    }
  }
}

TEST(Elementwise, PowIsWithinFourUlp) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const std::vector<float> special = {0.0f,  -0.0f,  1.0f, -1.0f, 2.0f,  -2.0f,      3.0f,
                                      0.5f,  -0.5f,  inf,  -inf,  nan,   1e-40f,     -1e-40f,
                                      3e38f, -3e38f, 7.0f, -7.0f, 1e20f, 16777217.0f};
  std::vector<float> x, y;
  for (float a : special) {
    for (float b : special) x.push_back(a), y.push_back(b);
  }
  std::uniform_int_distribution<std::uint32_t> any;
  std::uniform_real_distribution<float> exponent(-126, 127), small(-20, 20);
  for (int i = 0; i < 2000000; i++) {
    // Bases of every size with exponents that fill the range of results; and anything at all.
    const float base =
        i % 3 == 0 ? 1 + 1e-3f * small(generator()) : std::exp2(exponent(generator()));
    const float limit = 150.0f * 0.6931f / std::max(1e-7f, std::fabs(std::log(base)));
    x.push_back(i % 16 == 0 ? from_bits(any(generator())) : base);
    y.push_back(i % 16 == 1   ? from_bits(any(generator()))
                : i % 16 == 2 ? std::round(small(generator()))
                              : limit * small(generator()) / 20);
  }
  const auto n = static_cast<std::int64_t>(x.size());
  Buffer r(n);
  for (const KernelTable* k : isas()) {
    k->elementwise->binary(BinaryKind::Pow, Inner::VectorVector, x.data(), y.data(), r.data(), n,
                           {});
    Worst worst;
    float worst_y = 0;
    for (std::int64_t i = 0; i < n; i++) {
      const double want = std::pow(static_cast<double>(x[i]), static_cast<double>(y[i]));
      const double error = ulp_error(r[i], want);
      if (error > worst.error) worst_y = y[i];
      worst.see(error, x[i], r[i], want);
    }
    EXPECT_LE(worst.error, 4) << k->isa << ": y = " << worst_y << ", " << worst;
    RecordProperty(std::string("Pow_") + k->isa, std::to_string(worst.error));
  }
}

// Every kind behaves the same fused as alone.
TEST(Elementwise, FusedActivationEqualsTheActivation) {
  for (const KernelTable* k : isas()) {
    for (const ActivationRow& row : kActivation) {
      const std::int64_t n = 197;
      Buffer a(n), b(n), fused(n), sum(n), want(n);
      a.fill_random(-4, 4);
      b.fill_random(-4, 4);
      const auto* e = k->elementwise;
      e->binary(BinaryKind::Add, Inner::VectorVector, a.data(), b.data(), sum.data(), n, {});
      e->activate(row.activation, sum.data(), want.data(), n);
      e->binary(BinaryKind::Add, Inner::VectorVector, a.data(), b.data(), fused.data(), n,
                row.activation);
      for (std::int64_t i = 0; i < n; i++) ASSERT_EQ(fused[i], want[i]) << k->isa << row.name;
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
