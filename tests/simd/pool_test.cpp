// The pool kernels against windows in double.
#include "simd/pool.h"

#include "simd/kernel_table.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

// Lane `lane` of the output at (i, j); empty windows average to 0.
double pooled(const PoolShape& s, const Buffer& x, bool max, std::int64_t i, std::int64_t j,
              std::int64_t lane) {
  double best = -HUGE_VAL, sum = 0;
  std::int64_t inside = 0, padded = 0;
  for (std::int64_t a = 0; a < s.kernel[0]; a++)
    for (std::int64_t b = 0; b < s.kernel[1]; b++) {
      const std::int64_t row = i * s.stride[0] - s.pad_begin[0] + a * s.dilation[0];
      const std::int64_t column = j * s.stride[1] - s.pad_begin[1] + b * s.dilation[1];
      padded += row < s.in[0] + s.pad_end[0] && column < s.in[1] + s.pad_end[1];
      if (row < 0 || row >= s.in[0] || column < 0 || column >= s.in[1]) continue;
      inside++;
      const double value = x[(row * s.in[1] + column) * 16 + lane];
      best = std::max(best, value);
      sum += value;
    }
  if (max) return best;
  const std::int64_t count = s.count_include_pad ? padded : inside;
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

TEST(PoolKernels, MatchTheFormula) {
  const PoolShape shapes[] = {
      {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, false},
      {{7, 9}, {3, 4}, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, false},
      {{8, 8}, {4, 4}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, false},
      {{8, 8}, {4, 4}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, true},
      {{11, 6}, {7, 4}, {3, 2}, {1, 1}, {2, 2}, {0, 0}, {0, 0}, false},
      {{5, 5}, {5, 5}, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, true},
  };
  for (const KernelTable* table : isas())
    for (const PoolShape& s : shapes)
      for (bool max : {true, false}) {
        SCOPED_TRACE(testing::Message() << table->isa << " shape " << &s - shapes << " " << max);
        Buffer x(s.in[0] * s.in[1] * 16, 1), y(s.out[0] * s.out[1] * 16, 2);
        x.fill_random();
        const auto run = max ? table->pool->max : table->pool->average;
        const std::int64_t half = s.out[0] / 2;
        run(s, x.data(), y.data(), half, s.out[0]);
        run(s, x.data(), y.data(), 0, half);
        y.check();
        for (std::int64_t i = 0; i < s.out[0]; i++)
          for (std::int64_t j = 0; j < s.out[1]; j++)
            for (std::int64_t lane = 0; lane < 16; lane++)
              EXPECT_NEAR(y[(i * s.out[1] + j) * 16 + lane], pooled(s, x, max, i, j, lane), 2e-6);
      }
}

TEST(PoolKernels, AverageAfterPrologue) {
  const PoolShape s = {{6, 9}, {3, 3}, {2, 3}, {2, 3}, {1, 1}, {0, 0}, {0, 0}, false};
  for (const KernelTable* table : isas()) {
    Buffer x(6 * 9 * 16, 1), y(3 * 3 * 16, 2), affine(48, 3), expected(6 * 9 * 16, 4);
    x.fill_random(), affine.fill_random();
    for (std::int64_t i = 0; i < 6 * 9 * 16; i++) {
      const std::int64_t lane = i % 16;
      expected.data()[i] =
          std::max(0.0f, (x[i] - affine[lane]) * affine[16 + lane] + affine[32 + lane]);
    }
    const Prologue prologue = {affine.data(), {ActivationKind::Relu, 0, 0}};
    table->pool->average_after(s, prologue, x.data(), y.data(), 0, 3);
    x.check(), y.check(), affine.check();
    for (std::int64_t i = 0; i < 3; i++)
      for (std::int64_t j = 0; j < 3; j++)
        for (std::int64_t lane = 0; lane < 16; lane++)
          EXPECT_NEAR(y[(i * 3 + j) * 16 + lane], pooled(s, expected, false, i, j, lane), 2e-6)
              << table->isa;
  }
}

}  // namespace
}  // namespace keel::simd::test
