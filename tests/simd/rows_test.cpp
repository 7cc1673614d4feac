// Kernels over rows and columns, reduce, softmax and norm, against plain loops in double.
#include "simd/kernel_table.h"
#include "simd/norm.h"
#include "simd/reduce.h"
#include "simd/softmax.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

constexpr ReduceKind kReduceKinds[] = {ReduceKind::Sum, ReduceKind::Absolute, ReduceKind::Square,
                                       ReduceKind::Max, ReduceKind::Min};

double reduced(ReduceKind kind, const Buffer& x, std::int64_t first, std::int64_t step,
               std::int64_t n) {
  double result = kind == ReduceKind::Max ? -HUGE_VAL : kind == ReduceKind::Min ? HUGE_VAL : 0;
  for (std::int64_t i = 0; i < n; i++) {
    const double value = x[first + i * step];
    if (kind == ReduceKind::Sum) result += value;
    if (kind == ReduceKind::Absolute) result += std::fabs(value);
    if (kind == ReduceKind::Square) result += value * value;
    if (kind == ReduceKind::Max) result = std::max(result, value);
    if (kind == ReduceKind::Min) result = std::min(result, value);
  }
  return result;
}

TEST(ReduceKernels, ExactOnIntegers) {
  for (const KernelTable* table : isas())
    for (ReduceKind kind : kReduceKinds)
      for (std::int64_t n : hostile_sizes()) {
        SCOPED_TRACE(testing::Message() << table->isa << " " << static_cast<int>(kind) << " " << n);
        Buffer x(n * 70, 1);
        x.fill_integers();
        EXPECT_EQ(table->reduce->run(kind, x.data(), n * 70), reduced(kind, x, 0, 1, n * 70));
        for (std::int64_t rows : {0, 1, 3, 65, 70}) {
          Buffer y(n, 3);
          table->reduce->columns(kind, x.data(), rows, n, n, y.data());
          y.check();
          for (std::int64_t i = 0; i < n; i++) EXPECT_EQ(y[i], reduced(kind, x, i, n, rows));
        }
      }
}

TEST(ReduceKernels, ExtremesFindNan) {
  for (const KernelTable* table : isas())
    for (ReduceKind kind : {ReduceKind::Max, ReduceKind::Min})
      for (std::int64_t at = 0; at < 133; at += 12) {
        Buffer x(133), y(133);
        x.fill_random();
        x[at] = std::nanf("");
        EXPECT_TRUE(std::isnan(table->reduce->run(kind, x.data(), x.size())));
        table->reduce->columns(kind, x.data(), 7, 19, 19, y.data());
        EXPECT_TRUE(std::isnan(y[at % 19]));
      }
}

// Long sums of positive numbers keep their digits.
TEST(ReduceKernels, LongSums) {
  Buffer x(3000017), y(17);
  x.fill_random(0, 1);
  for (const KernelTable* table : isas()) {
    const double want = reduced(ReduceKind::Sum, x, 0, 1, x.size());
    EXPECT_NEAR(table->reduce->run(ReduceKind::Sum, x.data(), x.size()) / want, 1, 1e-7);
    const std::int64_t rows = x.size() / 17;
    table->reduce->columns(ReduceKind::Sum, x.data(), rows, 17, 17, y.data());
    for (std::int64_t i = 0; i < 17; i++)
      EXPECT_NEAR(y[i] / reduced(ReduceKind::Sum, x, i, 17, rows), 1, 1e-5);
  }
}

std::vector<double> softmax_of(const Buffer& x, std::int64_t rows, std::int64_t n, bool log) {
  std::vector<double> y(static_cast<std::size_t>(rows * n));
  for (std::int64_t i = 0; i < n; i++) {
    double largest = -HUGE_VAL, sum = 0;
    for (std::int64_t r = 0; r < rows; r++) largest = std::max<double>(largest, x[r * n + i]);
    for (std::int64_t r = 0; r < rows; r++) sum += std::exp(x[r * n + i] - largest);
    for (std::int64_t r = 0; r < rows; r++) {
      const double shifted = x[r * n + i] - largest;
      y[static_cast<std::size_t>(r * n + i)] =
          log ? shifted - std::log(sum) : std::exp(shifted) / sum;
    }
  }
  return y;
}

TEST(SoftmaxKernels, MatchTheFormula) {
  for (const KernelTable* table : isas())
    for (bool log : {false, true})
      for (std::int64_t n : hostile_sizes()) {
        if (n == 0) continue;
        SCOPED_TRACE(testing::Message() << table->isa << " log " << log << " n " << n);
        Buffer x(n, 1), y(n, 2);
        x.fill_random(-30, 30);
        table->softmax->row(x.data(), y.data(), n, log);
        y.check();
        EXPECT_LE(nme(y, softmax_of(x, n, 1, log)), 1e-6);
        table->softmax->row(x.data(), x.data(), n, log);
        EXPECT_EQ(x.as_double(), y.as_double());
        for (std::int64_t rows : {1, 5, 130}) {
          Buffer a(rows * n, 1), b(rows * n, 3);
          a.fill_random(-30, 30);
          table->softmax->columns(a.data(), b.data(), rows, n, n, log);
          b.check();
          EXPECT_LE(nme(b, softmax_of(a, rows, n, log)), 1e-6);
        }
      }
}

TEST(SoftmaxKernels, NanSpreads) {
  for (const KernelTable* table : isas())
    for (std::int64_t at : {0, 5, 16, 39}) {
      Buffer x(40), y(40);
      x.fill_random();
      x[at] = std::nanf("");
      table->softmax->row(x.data(), y.data(), 40, false);
      for (std::int64_t i = 0; i < 40; i++) EXPECT_TRUE(std::isnan(y[i]));
      table->softmax->columns(x.data(), y.data(), 4, 10, 10, false);
      for (std::int64_t i = 0; i < 40; i++) EXPECT_EQ(std::isnan(y[i]), i % 10 == at % 10);
    }
}

TEST(NormKernels, MatchTheFormula) {
  for (const KernelTable* table : isas())
    for (float mean : {0.0f, 3.0f, 1e4f})
      for (std::int64_t n : hostile_sizes()) {
        if (n == 0) continue;
        SCOPED_TRACE(testing::Message() << table->isa << " mean " << mean << " n " << n);
        Buffer x(n * 31, 1), scale(n * 31, 2), bias(n * 31, 3), y(n * 31, 1);
        x.fill_random(mean - 1, mean + 1);
        scale.fill_random();
        bias.fill_random();
        const double count = static_cast<double>(x.size());
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < x.size(); i++) sum += x[i];
        for (std::int64_t i = 0; i < x.size(); i++) squares += std::pow(x[i] - sum / count, 2);
        const Moments m = table->norm->moments(x.data(), x.size());
        EXPECT_NEAR(m.centre + m.rest, sum / count, 1e-7);
        EXPECT_NEAR(m.variance, squares / count, 1e-6 * squares / count);
        for (int given = 0; given < 4; given++) {
          std::vector<double> want;
          for (std::int64_t i = 0; i < x.size(); i++) {
            const double v = (static_cast<double>(x[i]) - m.centre) * 2.5 - 0.25;
            want.push_back(v * (given & 1 ? scale[i] : 1) + (given & 2 ? bias[i] : 0));
          }
          table->norm->apply(x.data(), m.centre, 2.5f, -0.25f, given & 1 ? scale.data() : nullptr,
                             given & 2 ? bias.data() : nullptr, y.data(), y.size());
          y.check();
          EXPECT_LE(nme(y, want), 1e-6);
        }
      }
}

}  // namespace
}  // namespace keel::simd::test
