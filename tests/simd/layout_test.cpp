#include "simd/layout.h"

#include <gtest/gtest.h>

#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

TEST(Layout, BothWaysWithPaddingAndGuards) {
  for (const KernelTable* k : isas()) {
    SCOPED_TRACE(k->isa);
    for (std::int64_t channels : {0, 1, 3, 4, 8, 15, 16, 17, 24, 31, 32, 33, 47}) {
      for (std::int64_t spatial : hostile_sizes()) {
        SCOPED_TRACE(testing::Message() << channels << " channels, " << spatial << " positions");
        const std::int64_t padded = (channels + kBlock - 1) / kBlock * kBlock;
        const int misalign = static_cast<int>((channels + spatial) % 3);
        Buffer x(channels * spatial, misalign), y(padded * spatial, 2 - misalign),
            back(channels * spatial, 1);
        x.fill_random();
        k->layout->to_blocked(x.data(), y.data(), channels, spatial);
        y.check("blocked");
        for (std::int64_t c = 0; c < padded; c++) {
          for (std::int64_t s = 0; s < spatial; s++) {
            const float want = c < channels ? x[c * spatial + s] : 0.0f;
            ASSERT_EQ(y[(c / kBlock * spatial + s) * kBlock + c % kBlock], want) << c << ", " << s;
          }
        }
        k->layout->from_blocked(y.data(), back.data(), channels, spatial);
        back.check("plain");
        for (std::int64_t i = 0; i < x.size(); i++) ASSERT_EQ(back[i], x[i]) << i;
      }
    }
  }
}

TEST(Layout, RowsApart) {
  for (const KernelTable* k : isas()) {
    SCOPED_TRACE(k->isa);
    for (std::int64_t channels : {1, 3, 4, 8, 15, 16, 17}) {
      for (std::int64_t spatial : hostile_sizes()) {
        SCOPED_TRACE(testing::Message() << channels << " channels, " << spatial << " positions");
        const std::int64_t pitch = spatial + 5;
        Buffer x(channels * pitch, 1), y(spatial * kBlock, 2);
        x.fill_random();
        k->layout->rows_to_block(x.data(), pitch, y.data(), channels, spatial);
        y.check("block");
        for (std::int64_t i = 0; i < y.size(); i++) {
          const std::int64_t c = i % kBlock, s = i / kBlock;
          ASSERT_EQ(y[i], c < channels ? x[c * pitch + s] : 0.0f) << c << ", " << s;
        }
      }
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
