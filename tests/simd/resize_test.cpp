// The resize kernels against sums in double, which are exact on integers.
#include "simd/resize.h"

#include "simd/kernel_table.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

TEST(ResizeKernels, CombineIsAWeightedSumOfRows) {
  for (const KernelTable* table : isas())
    for (std::int64_t taps : {1, 2, 3, 4, 7, 16})
      for (std::int64_t n : hostile_sizes()) {
        SCOPED_TRACE(testing::Message() << table->isa << " taps " << taps << " n " << n);
        Buffer x(taps * n, 1), weight(taps, 2), y(n, 3);
        x.fill_integers();
        weight.fill_integers();
        std::vector<const float*> rows;
        std::vector<double> want(static_cast<std::size_t>(n), 0.0);
        for (std::int64_t t = 0; t < taps; t++) {
          rows.push_back(x.data() + t * n);
          for (std::int64_t i = 0; i < n; i++)
            want[static_cast<std::size_t>(i)] += static_cast<double>(weight[t]) * x[t * n + i];
        }
        table->resize->combine(rows.data(), weight.data(), taps, y.data(), n);
        y.check();
        EXPECT_EQ(y.as_double(), want);
      }
}

struct Case {
  std::int64_t in, out, taps, inner;
  bool weighted, ascending;
};

void check_columns(const KernelTable& table, const Case& c) {
  SCOPED_TRACE(testing::Message() << table.isa << " in " << c.in << " out " << c.out << " taps "
                                  << c.taps << " inner " << c.inner << " weighted " << c.weighted
                                  << " ascending " << c.ascending);
  std::vector<std::int32_t> index(static_cast<std::size_t>(c.taps * c.out));
  for (std::int64_t t = 0; t < c.taps; t++)
    for (std::int64_t j = 0; j < c.out; j++) {
      const std::int64_t at = c.ascending ? j * c.in / c.out + t : (j * 7 + t * 3) % c.in;
      index[static_cast<std::size_t>(t * c.out + j)] =
          static_cast<std::int32_t>(std::min(at, c.in - 1));
    }
  Buffer x(c.in * c.inner, 1), weight(c.taps * c.out, 2), y(c.out * c.inner, 3);
  x.fill_integers();
  weight.fill_integers();
  std::vector<double> want(static_cast<std::size_t>(y.size()), 0.0);
  for (std::int64_t j = 0; j < c.out; j++)
    for (std::int64_t t = 0; t < c.taps; t++)
      for (std::int64_t i = 0; i < c.inner; i++)
        want[static_cast<std::size_t>(j * c.inner + i)] +=
            (c.weighted ? static_cast<double>(weight[t * c.out + j]) : 1.0) *
            x[index[static_cast<std::size_t>(t * c.out + j)] * c.inner + i];
  ResizeColumns columns;
  columns.in = c.in, columns.out = c.out, columns.taps = c.taps;
  columns.index = index.data();
  columns.weight = c.weighted ? weight.data() : nullptr;
  columns.ascending = c.ascending;
  table.resize->columns(columns, x.data(), c.inner, y.data());
  y.check();
  EXPECT_EQ(y.as_double(), want);
}

TEST(ResizeKernels, ColumnsAreWeightedSums) {
  for (const KernelTable* table : isas())
    for (std::int64_t inner : {1, 3, 16, 21})
      for (std::int64_t in : {1, 2, 5, 16, 17, 40})
        for (std::int64_t out : {1, 3, 8, 16, 31, 33, 80})
          for (bool ascending : {true, false}) {
            check_columns(*table, {in, out, 1, inner, false, ascending});
            for (std::int64_t taps : {1, 2, 4, 9})
              check_columns(*table, {in, out, taps, inner, true, ascending});
          }
}

}  // namespace
}  // namespace keel::simd::test
