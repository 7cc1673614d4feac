#include "simd/gemm.h"

#include <gtest/gtest.h>

#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

struct Case {
  std::int64_t m, n, k;
  bool a_transposed = false, b_transposed = false, unpacked = false;
  float alpha = 1, beta = 1;
  enum Addend { None, PerColumn, PerRow, Full, Scalar } addend = None;
  bool relu = false, residual = false;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.m << "x" << c.n << "x" << c.k << (c.a_transposed ? " A^T" : "")
             << (c.b_transposed ? " B^T" : "") << (c.unpacked ? " unpacked" : "") << " alpha "
             << c.alpha << " beta " << c.beta << " addend " << c.addend << (c.relu ? " relu" : "")
             << (c.residual ? " residual" : "");
}

void multiply(const KernelTable& table, const GemmArgs& args, const float* b, std::int64_t row,
              std::int64_t column, bool unpacked) {
  const GemmKernels& g = *table.gemm;
  GemmArgs a = args;
  Buffer packed(g.packed_b_size(a.k, a.n), 1);
  if (unpacked) {
    a.b = b;
    (column == 1 ? a.b_row : a.b_column) = column == 1 ? row : column;
  } else {
    const std::int64_t panels = (a.n + g.panel - 1) / g.panel, half = panels / 2;
    g.pack_b(b, row, column, a.k, a.n, half, panels, packed.data());
    g.pack_b(b, row, column, a.k, a.n, 0, half, packed.data());
    packed.check("packed B");
    a.b = packed.data();
  }
  Buffer scratch(g.scratch_size(a.m, a.n, a.k));
  scratch.fill(std::nanf(""));
  const std::int64_t chunks = g.chunks(a.m, a.n, a.k);
  for (std::int64_t i = chunks; i-- > 0;) g.run(a, i, scratch.data());
  scratch.check("scratch");
}

void run(const KernelTable& table, const Case& c) {
  const std::int64_t gap = 3;  // floats between rows of C that must stay untouched
  Buffer a(c.m * c.k, 1), b(c.k * c.n, 2), y(c.m * (c.n + gap), 3), addend(c.m * c.n, 1),
      residual(c.m * c.n, 2);
  for (Buffer* x : {&a, &b, &addend, &residual}) x->fill_integers();
  y.fill(77);
  std::vector<double> want = y.as_double();
  GemmArgs g;
  g.m = c.m, g.n = c.n, g.k = c.k;
  g.a = a.data(), g.a_row = c.a_transposed ? 1 : c.k, g.a_column = c.a_transposed ? c.m : 1;
  g.c = y.data(), g.c_row = c.n + gap;
  g.alpha = c.alpha, g.beta = c.beta;
  if (c.addend != Case::None) g.addend = addend.data();
  g.addend_row = c.addend == Case::Full ? c.n : c.addend == Case::PerRow ? 1 : 0;
  g.addend_column = c.addend == Case::Full || c.addend == Case::PerColumn ? 1 : 0;
  if (c.residual) g.residual = residual.data(), g.residual_row = c.n;
  if (c.relu) g.activation.kind = ActivationKind::Relu;
  const std::int64_t b_row = c.b_transposed ? 1 : c.n, b_column = c.b_transposed ? c.k : 1;
  for (std::int64_t i = 0; i < c.m; i++) {
    for (std::int64_t j = 0; j < c.n; j++) {
      double sum = 0;
      for (std::int64_t p = 0; p < c.k; p++) {
        sum += static_cast<double>(a[i * g.a_row + p * g.a_column]) * b[p * b_row + j * b_column];
      }
      sum *= c.alpha;
      if (g.addend) sum += c.beta * addend[i * g.addend_row + j * g.addend_column];
      if (c.residual) sum += residual[i * c.n + j];
      want[i * g.c_row + j] = c.relu && sum < 0 ? 0 : sum;
    }
  }
  multiply(table, g, b.data(), b_row, b_column, c.unpacked);
  y.check("C");
  // Integers: every sum is exact.
  for (std::int64_t i = 0; i < y.size(); i++) ASSERT_EQ(y[i], want[i]) << i;
}

TEST(Gemm, ExactOnIntegers) {
  std::vector<Case> cases;
  for (std::int64_t m : {0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 29, 141, 283}) {
    for (std::int64_t n : {0, 1, 7, 8, 15, 16, 31, 32, 33, 65, 129, 257}) {
      for (std::int64_t k : {0, 1, 3, 17, 383, 385, 800}) {
        if (m * n * k > 8000000) continue;
        Case c;
        c.m = m, c.n = n, c.k = k;
        const auto mix = static_cast<unsigned>(m * 7 + n * 3 + k);
        c.a_transposed = mix % 2, c.b_transposed = mix / 2 % 2;
        const bool columns = !c.a_transposed && m <= 8 && k > 0;
        c.unpacked = n > 0 && mix % 3 == 0 && (!c.b_transposed || columns);
        c.alpha = mix % 5 == 0 ? 0.5f : 1, c.beta = mix % 7 == 0 ? -2.0f : 1;
        c.addend = static_cast<Case::Addend>(mix % 5);
        c.relu = mix % 4 == 3, c.residual = mix % 6 == 1;
        cases.push_back(c);
      }
    }
  }
  for (const KernelTable* table : isas()) {
    for (const Case& c : cases) {
      SCOPED_TRACE(testing::Message() << table->isa << " " << c);
      ASSERT_NO_FATAL_FAILURE(run(*table, c));
    }
  }
}

// |error| <= 16 eps sum |a||b|.
void expect_near(const GemmArgs& g, const float* b, std::int64_t row, std::int64_t column) {
  for (std::int64_t i = 0; i < g.m; i++) {
    for (std::int64_t j = 0; j < g.n; j++) {
      double sum = 0, magnitude = 0;
      for (std::int64_t p = 0; p < g.k; p++) {
        const double product = static_cast<double>(g.a[i * g.a_row + p]) * b[p * row + j * column];
        sum += product, magnitude += std::fabs(product);
      }
      ASSERT_NEAR(g.c[i * g.c_row + j], sum, 16 * 1.2e-7 * magnitude);
    }
  }
}

TEST(Gemm, ErrorIsBounded) {
  const std::int64_t m = 37, n = 75, k = 1031;
  Buffer a(m * k), b(k * n), y(m * n);
  a.fill_random();
  b.fill_random();
  for (const KernelTable* table : isas()) {
    SCOPED_TRACE(table->isa);
    GemmArgs g;
    g.m = m, g.n = n, g.k = k, g.a = a.data(), g.a_row = k, g.c = y.data(), g.c_row = n;
    multiply(*table, g, b.data(), n, 1, false);
    expect_near(g, b.data(), n, 1);
    g.m = 7;
    multiply(*table, g, b.data(), 1, k, true);
    expect_near(g, b.data(), 1, k);
  }
}

// Unpacked and packed B sum in the same order.
TEST(Gemm, UnpackedEqualsPacked) {
  const std::int64_t n = 203, k = 700;
  for (const KernelTable* table : isas()) {
    for (std::int64_t m = 1; m <= 6; m++) {
      Buffer a(m * k), b(k * n), y(m * n), z(m * n);
      a.fill_random();
      b.fill_random();
      GemmArgs g;
      g.m = m, g.n = n, g.k = k, g.a = a.data(), g.a_row = k, g.c = y.data(), g.c_row = n;
      multiply(*table, g, b.data(), n, 1, false);
      g.c = z.data();
      multiply(*table, g, b.data(), n, 1, true);
      for (std::int64_t i = 0; i < m * n; i++) ASSERT_EQ(y[i], z[i]) << table->isa << " " << i;
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
