#include "tests/support/matrix_reference.h"

#include <algorithm>
#include <cmath>

#include "simd/half.h"
#include "tests/simd/kernel_test.h"
#include "tests/support/conv_reference.h"

namespace keel::simd::test {
namespace {

struct Matrices {
  Buffer a, b, bias, residual, y;
  explicit Matrices(const ConvShape& s)
      : a(s.in[0] * s.c, 1),
        b(s.c * s.k),
        bias(s.k),
        residual(s.in[0] * s.k, 3),
        y(s.in[0] * s.k, 2) {
    for (Buffer* x : {&a, &b, &bias, &residual}) x->fill_random();
  }
  void round() {
    for (Buffer* x : {&a, &b}) {
      for (std::int64_t i = 0; i < x->size(); i++)
        (*x)[i] = bfloat16_to_float(float_to_bfloat16((*x)[i]));
    }
  }
};

struct Expected {
  std::vector<double> y;
  // What an error is compared with: the largest result, or the size that a sum of its terms with
  // random signs has. Where there are few results all of them may be small by cancellation.
  double magnitude = 0;
};

Expected expected_of(const ConvShape& s, const Matrices& m) {
  Expected expected;
  for (std::int64_t i = 0; i < s.in[0]; i++) {
    for (std::int64_t j = 0; j < s.k; j++) {
      const double bias = m.bias[j], residual = m.residual[i * s.k + j];
      double sum = bias + residual, squares = bias * bias + residual * residual;
      for (std::int64_t p = 0; p < s.c; p++) {
        const double term = static_cast<double>(m.a[i * s.c + p]) *
                            static_cast<double>(s.by_input ? m.b[p * s.k + j] : m.b[j * s.c + p]);
        sum += term, squares += term * term;
      }
      expected.y.push_back(std::max(0.0, sum));
      expected.magnitude = std::max({expected.magnitude, sum, std::sqrt(squares)});
    }
  }
  return expected;
}

double largest_difference(const std::vector<float>& y, const std::vector<double>& expected) {
  double largest = 0;
  for (std::size_t i = 0; i < y.size(); i++) {
    const double difference = std::fabs(static_cast<double>(y[i]) - expected[i]);
    if (!(difference <= largest)) largest = std::isnan(difference) ? HUGE_VAL : difference;
  }
  return largest;
}

void run(const ConvPlan& plan, Matrices& m) {
  Buffer packed(plan.packed_floats), shared(static_cast<std::int64_t>(plan.shared_scratch / 4));
  Buffer mine(static_cast<std::int64_t>(plan.thread_scratch / 4));
  pack_conv_weights(plan, m.b.data(), packed.data());
  const ConvArgs args = {m.a.data(), packed.data(), m.bias.data(), m.residual.data(),
                         m.y.data(), mine.data(),   shared.data(), {}};
  shared.fill(NAN);
  for (std::size_t phase = 0; phase < plan.phases.size(); phase++) {
    for (std::int64_t chunk = 0; chunk < plan.phases[phase]; chunk++) {
      mine.fill(NAN);
      run_conv_chunk(plan, static_cast<int>(phase), chunk, args);
    }
  }
  m.a.check("a"), packed.check("packed"), m.y.check("y"), m.residual.check("residual");
  mine.check("thread scratch"), shared.check("shared scratch");
}

}  // namespace

ConvShape matrix_product(std::int64_t m, std::int64_t n, std::int64_t k) {
  ConvShape s;
  s.c = k, s.k = n;
  s.rank = 1;
  s.in[0] = s.out[0] = m;
  s.matrix = s.bias = s.residual = true;
  s.activation = {ActivationKind::Relu, 0, 0};
  return s;
}

void check_matrix_product(const ConvShape& s, const std::function<ConvPlan(int threads)>& plan,
                          bool bfloat16, double tolerance) {
  SCOPED_TRACE(describe(s));
  Matrices m(s);
  if (bfloat16) m.round();
  const Expected expected = expected_of(s, m);
  std::vector<float> first;
  for (int threads : {1, 2, 5}) {
    run(plan(threads), m);
    const std::vector<float> y(m.y.data(), m.y.data() + m.y.size());
    EXPECT_LE(largest_difference(y, expected.y), tolerance * expected.magnitude);
    if (first.empty()) first = y;
    EXPECT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0);
  }
}

}  // namespace keel::simd::test
