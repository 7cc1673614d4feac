// Dot products of weights in 16 and 20 bits.
#include "simd/gemm.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

// The nearest bfloat16, ties to even; cut off where that is infinite.
double rounded(float x) {
  if (!std::isfinite(x) || x == 0) return x;
  const int last = std::max(std::ilogb(x), -126) - 7;
  const double steps = std::ldexp(static_cast<double>(x), -last);
  const double near = std::ldexp(std::nearbyint(steps), last);
  return std::fabs(near) < 0x1p128 ? near : std::ldexp(std::trunc(steps), last);
}

void multiply(const KernelTable& table, const GemmArgs& args, const float* b, std::int64_t row,
              std::int64_t column, int bits) {
  const GemmKernels& g = *table.gemm;
  GemmArgs a = args;
  Buffer packed(g.narrow_b_size(a.k, a.n, bits), 1), scratch(g.scratch_size(a.m, a.n, a.k));
  auto* narrow = reinterpret_cast<std::int32_t*>(packed.data());
  const std::int64_t half = a.n / 2;
  ASSERT_TRUE(g.pack_narrow(b, row, column, a.k, half, a.n, bits, narrow));
  ASSERT_TRUE(g.pack_narrow(b, row, column, a.k, 0, half, bits, narrow));
  packed.check("packed B");
  a.narrow_b = narrow, a.narrow_bits = bits;
  for (std::int64_t i = g.chunks(a.m, a.n, a.k); i-- > 0;) g.run(a, i, scratch.data());
  scratch.check("scratch");
}

// Small integers have few bits and exact sums.
void run_integers(const KernelTable& table, std::int64_t m, std::int64_t n, std::int64_t k,
                  int bits, bool by_rows) {
  const std::int64_t gap = 3;
  Buffer a(m * k, 1), b(k * n, 2), y(m * (n + gap), 3), addend(n, 1);
  for (Buffer* x : {&a, &b, &addend}) x->fill_integers();
  y.fill(77);
  std::vector<double> want = y.as_double();
  const std::int64_t row = by_rows ? n : 1, column = by_rows ? 1 : k;
  GemmArgs g;
  g.m = m, g.n = n, g.k = k;
  g.a = a.data(), g.a_row = k, g.c = y.data(), g.c_row = n + gap;
  g.addend = addend.data(), g.addend_column = 1;
  for (std::int64_t i = 0; i < m; i++) {
    for (std::int64_t j = 0; j < n; j++) {
      double sum = addend[j];
      for (std::int64_t p = 0; p < k; p++) {
        sum += static_cast<double>(a[i * k + p]) * b[p * row + j * column];
      }
      want[i * g.c_row + j] = sum;
    }
  }
  multiply(table, g, b.data(), row, column, bits);
  y.check("C");
  for (std::int64_t i = 0; i < y.size(); i++) ASSERT_EQ(y[i], want[i]) << i;
}

TEST(GemmNarrow, ExactOnIntegers) {
  for (const KernelTable* table : isas()) {
    for (int bits : {16, 20}) {
      for (std::int64_t m = 1; m <= 8; m++) {
        for (std::int64_t n : {1, 3, 4, 7, 16, 19, 129}) {
          for (std::int64_t k : {1, 15, 16, 17, 31, 33, 63, 64, 65, 127, 257, 400}) {
            SCOPED_TRACE(testing::Message()
                         << table->isa << " " << bits << " bits " << m << "x" << n << "x" << k);
            ASSERT_NO_FATAL_FAILURE(run_integers(*table, m, n, k, bits, (m + n + k) % 2));
          }
        }
      }
    }
  }
}

// One weight a column, times 1: the weight itself.
TEST(GemmNarrow, Bfloat16RoundsToNearestEven) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  std::vector<float> values = {
      0,         1,           -1,          HUGE_VALF,   -HUGE_VALF,    NAN,
      -NAN,      kLargest,    -kLargest,   kSmallest,   -kSmallest,    0x1.01p0f,
      0x1.03p0f, 0x1.0001p0f, 0x1.0003p0f, 0x1.fffep9f, 0x1.018p-130f, -0x1.ffffp126f};
  for (std::uint32_t bits : {0x7f800001u, 0xffbfffffu, 0x7f7f8000u, 0x7f7fff80u, 0x007fffffu}) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    values.push_back(value);
  }
  for (int i = 0; i < 1000; i++) {
    const auto bits = static_cast<std::uint32_t>(generator()());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    values.push_back(value);
  }
  const auto n = static_cast<std::int64_t>(values.size());
  const float one = 1;
  for (const KernelTable* table : isas()) {
    Buffer y(n);
    GemmArgs g;
    g.m = 1, g.n = n, g.k = 1, g.a = &one, g.a_row = 1, g.c = y.data(), g.c_row = n;
    multiply(*table, g, values.data(), 1, 1, 16);
    for (std::int64_t j = 0; j < n; j++) {
      const double want = rounded(values[static_cast<std::size_t>(j)]);
      SCOPED_TRACE(testing::Message()
                   << table->isa << " " << std::hexfloat << values[static_cast<std::size_t>(j)]);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(y[j]));
      } else {
        EXPECT_EQ(y[j], want);
      }
    }
  }
}

// Rows of the unit matrix give back the weights: multiples of a power of two.
TEST(GemmNarrow, Integers) {
  const std::int64_t k = 7, columns = 500;
  Buffer unit(k * k), b(k * columns), y(k * columns);
  b.fill_random();
  for (std::int64_t r = 0; r < k; r++) {
    for (std::int64_t p = 0; p < k; p++) unit[r * k + p] = r == p ? 1.0f : 0.0f;
  }
  for (std::int64_t j = 0; j < columns; j++) {
    const float scale = std::ldexp(1.0f, static_cast<int>(j % 210) - 85);
    for (std::int64_t p = 0; p < k; p++) b[j * k + p] *= scale;
  }
  for (std::int64_t p = 0; p < k; p++) {
    b[p] = 0;
    b[k + p] = 0x1.fffffep0f;  // rounded up it would have 21 bits
    b[2 * k + p] = p == 4 ? std::numeric_limits<float>::max() : 0.0f;
  }
  for (const KernelTable* table : isas()) {
    GemmArgs g;
    g.m = k, g.n = columns, g.k = k, g.a = unit.data(), g.a_row = k;
    g.c = y.data(), g.c_row = columns;
    ASSERT_NO_FATAL_FAILURE(multiply(*table, g, b.data(), 1, k, 20));
    for (std::int64_t j = 0; j < columns; j++) {
      float largest = 0;
      for (std::int64_t p = 0; p < k; p++) largest = std::max(largest, std::fabs(b[j * k + p]));
      const int exponent = largest == 0 ? 0 : std::ilogb(largest) - 18;
      for (std::int64_t p = 0; p < k; p++) {
        const double want = std::min(
            std::nearbyint(std::ldexp(static_cast<double>(b[j * k + p]), -exponent)), 0x1p19 - 1);
        ASSERT_EQ(y[p * columns + j], std::ldexp(want, exponent))
            << table->isa << " column " << j << " weight " << p;
      }
    }
  }
}

// What is finite with floats is finite with these.
TEST(GemmNarrow, LargeNumbers) {
  const std::int64_t m = 3, n = 9, k = 300;
  Buffer a(m * k), b(k * n), y(m * n);
  a.fill(0x1p118f), b.fill(-0.75f);
  for (const KernelTable* table : isas()) {
    for (int bits : {16, 20}) {
      GemmArgs g;
      g.m = m, g.n = n, g.k = k, g.a = a.data(), g.a_row = k, g.c = y.data(), g.c_row = n;
      multiply(*table, g, b.data(), 1, k, bits);
      for (std::int64_t i = 0; i < m * n; i++)
        ASSERT_EQ(y[i], -225 * 0x1p118f) << table->isa << " " << bits;
    }
  }
}

TEST(GemmNarrow, RefusesColumns) {
  const std::int64_t k = 400;
  Buffer b(k), apart(2 * k);
  std::vector<std::int32_t> packed(10 * k);
  for (const KernelTable* table : isas()) {
    const auto accepts = [&](float most, float others) {
      b.fill(others);
      b[371] = most;
      EXPECT_TRUE(table->gemm->pack_narrow(b.data(), 1, k, k, 0, 1, 16, packed.data()));
      const bool by_columns = table->gemm->pack_narrow(b.data(), 1, k, k, 0, 1, 20, packed.data());
      for (std::int64_t p = 0; p < k; p++) apart[2 * p] = b[p];
      EXPECT_EQ(table->gemm->pack_narrow(apart.data(), 2, 1, k, 0, 1, 20, packed.data()),
                by_columns);
      return by_columns;
    };
    SCOPED_TRACE(table->isa);
    EXPECT_TRUE(accepts(1, 1));
    EXPECT_TRUE(accepts(10, -1));
    EXPECT_TRUE(accepts(1000, 1));
    // Alone in its group, with bounds of 2^-19 of it for all others.
    const auto size = [&](std::int64_t depth) { return table->gemm->narrow_b_size(depth, 1, 20); };
    std::int64_t group = 1;
    while (size(group + 1) == size(1)) group++;
    EXPECT_EQ(accepts(1024, 0), group <= 64) << group;
    EXPECT_TRUE(accepts(0, 0));
    EXPECT_TRUE(accepts(0, 0x1p-90f));
    EXPECT_FALSE(accepts(0, 0x1p-100f));
    for (float most : {HUGE_VALF, -HUGE_VALF, NAN}) EXPECT_FALSE(accepts(most, 1));
  }
}

// |error| <= (that of the weights + 16 eps) sum |a||b|.
TEST(GemmNarrow, ErrorIsBounded) {
  const std::int64_t m = 7, n = 75, k = 1031;
  Buffer a(m * k), b(k * n), y(m * n);
  a.fill_random();
  b.fill_random();
  for (const KernelTable* table : isas()) {
    for (int bits : {16, 20}) {
      SCOPED_TRACE(testing::Message() << table->isa << " " << bits << " bits");
      GemmArgs g;
      g.m = m, g.n = n, g.k = k, g.a = a.data(), g.a_row = k, g.c = y.data(), g.c_row = n;
      multiply(*table, g, b.data(), 1, k, bits);
      const double weights = bits == 16 ? 0x1p-8 : 0x1p-18;
      const double relative = weights + 16 * 1.2e-7;
      for (std::int64_t i = 0; i < m * n; i++) {
        double sum = 0, magnitude = 0;
        for (std::int64_t p = 0; p < k; p++) {
          const double product = static_cast<double>(a[i / n * k + p]) * b[i % n * k + p];
          sum += product, magnitude += std::fabs(product);
        }
        ASSERT_NEAR(y[i], sum, relative * magnitude) << i;
      }
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
