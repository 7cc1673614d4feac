#include "simd/peak.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

TEST(Peak, StreamsAtHostileSizes) {
  for (const KernelTable* k : isas()) {
    SCOPED_TRACE(k->isa);
    for (std::int64_t n : hostile_sizes()) {
      SCOPED_TRACE(n);
      const int misalign = static_cast<int>(n % 3);
      Buffer a(n, misalign), b(n, 2 - misalign), y(n, 1);
      a.fill_integers();
      b.fill_integers();
      // Integers of this size add exactly in any order.
      EXPECT_EQ(k->peak->read(a.data(), n), std::accumulate(a.data(), a.data() + n, 0.0f));
      k->peak->copy(y.data(), a.data(), n);
      y.check("copy");
      for (std::int64_t i = 0; i < n; i++) ASSERT_EQ(y[i], a[i]) << i;
      k->peak->triad(y.data(), a.data(), b.data(), 0.5f, n);
      y.check("triad");
      for (std::int64_t i = 0; i < n; i++) ASSERT_EQ(y[i], a[i] + 0.5f * b[i]) << i;
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
