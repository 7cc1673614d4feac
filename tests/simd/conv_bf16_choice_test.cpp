// Products of bfloat16: matrices, what is not finite, and where they are chosen.
#include "simd/bf16.h"
#include "simd/winograd.h"
#include "tests/support/bf16_units.h"
#include "tests/support/matrix_reference.h"

namespace keel::simd::test {
namespace {

TEST(ConvBf16, Matrices) {
  const std::int64_t sizes[][3] = {{1, 16, 16},    {5, 48, 32},    {28, 128, 48}, {61, 144, 272},
                                   {197, 96, 160}, {300, 64, 128}, {1, 1, 16},    {3, 15, 48},
                                   {16, 17, 32},   {33, 47, 160},  {40, 100, 64}};
  for (const auto& size : sizes) {
    ConvShape s = matrix_product(size[0], size[1], size[2]);
    for (bool by_input : {false, true}) {
      s.by_input = by_input;
      for (const KernelTable* k : bf16_units()) {
        for (int terms : {1, 3}) {
          SCOPED_TRACE(testing::Message() << k->isa << ", " << terms << " terms");
          check_matrix_product(
              s, [&](int threads) { return plan_bf16(conv_canonical(s), *k, threads, terms); },
              terms == 1, terms == 1 ? sum_tolerance(s.c) : kThreeTerms);
        }
      }
    }
  }
}

// What has no bfloat16, or no remainder: infinities, NaN, very large floats. In three terms
// the result is what floats give: an infinity stays one although its remainder times 0 is NaN.
void check_special(const std::vector<float>& values, bool weights) {
  const ConvShape s = conv(40, 16, {1, 4}, {1, 1});
  for (const KernelTable* k : bf16_units()) {
    ConvData data = conv_data(s, false);
    std::fill(data.x.begin(), data.x.end(), weights ? 1.0f : 0.0f);
    std::fill(data.W.begin(), data.W.end(), 1.0f);
    for (std::size_t i = 0; i < 4; i++) {
      if (weights) data.W[i * 40] = values[i];  // of output i, from channel 0
      if (!weights) data.x[i] = values[i];      // of channel 0, at pixel i
    }
    const std::vector<float> y = run_conv(s, data, *k, plan_bf16(conv_canonical(s), *k, 1, 3));
    for (std::size_t at = 0; at < 64; at++) {
      const std::size_t output = at / 4, which = weights ? output : at % 4;
      const float expected = which < 4 ? values[which] : 40.0f;
      SCOPED_TRACE(testing::Message() << k->isa << " at " << at);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(y[at])) << y[at];
      } else if (std::isinf(expected)) {
        EXPECT_EQ(y[at], expected);
      } else {
        EXPECT_NEAR(y[at] / expected, 1.0f, 1e-4f);
      }
    }
  }
}

TEST(ConvBf16, ValuesThatAreNotFinite) {
  constexpr float kLarge = 0x1.ff8p127f;  // rounded to bfloat16 it would be infinite
  check_special({HUGE_VALF, -HUGE_VALF, NAN, kLarge}, false);
  check_special({HUGE_VALF, -HUGE_VALF, NAN, kLarge}, true);
}

TEST(ConvBf16, ChosenByPrecisionWhereThereIsAUnit) {
  const ConvShape s = conv(64, 64, {28, 28}, {1, 1});
  const auto kernel = [&s](const KernelTable& kernels, ConvPrecision precision) {
    return plan_conv(s, kernels, 1, precision).kernel.substr(0, 5);
  };
  for (const KernelTable* k : isas()) {
    const ConvPlan plan = plan_conv(s, *k, 1, ConvPrecision::Bf16);
    EXPECT_EQ(plan.kernel.substr(0, 6), "direct") << k->isa;
    EXPECT_EQ(plan.note.substr(0, 12), "bf16: not on") << k->isa;
  }
  for (const KernelTable* k : bf16_units()) {
    EXPECT_EQ(kernel(*k, ConvPrecision::Bf16), "bf16 ") << k->isa;
    EXPECT_EQ(kernel(*k, ConvPrecision::Strict), "direc") << k->isa;
    EXPECT_EQ(kernel(*k, ConvPrecision::Float),
              k->isa == std::string("avx512_bf16") ? "direc" : "bf16x")
        << k->isa;
  }
}

// Terms of AMX under Float and under Bf16, of VDPBF16PS under Bf16; under Float that has none.
TEST(ConvBf16, ChosenWhereItIsFaster) {
  struct Row {
    ConvShape shape;
    int amx_float, amx_bf16, dot_bf16;
  };
  ConvShape stem = conv(3, 64, {224, 224}, {7, 7}, 2, 1, 3);
  stem.plain_input = true;
  const Row rows[] = {
      {conv(64, 256, {56, 56}, {1, 1}), 3, 1, 1},
      {conv(24, 144, {56, 56}, {1, 1}), 3, 1, 1},
      {conv(16, 96, {112, 112}, {1, 1}), 0, 1, 1},
      {conv(3, 8, {112, 112}, {1, 1}), 0, 0, 0},
      {conv(512, 2048, {7, 7}, {1, 1}), 3, 1, 1},
      {conv(128, 32, {56, 56}, {3, 3}, 1, 1, 1), 3, 1, 0},
      {conv(128, 32, {14, 14}, {3, 3}, 1, 1, 1), 3, 1, 1},
      {conv(256, 256, {28, 28}, {3, 3}, 2, 1, 1), 3, 1, 1},
      {conv(96, 96, {56, 56}, {3, 3}, 1, 1, 1, 1, 96), 0, 0, 0},
      {stem, 0, 0, 0},
  };
  for (const Row& row : rows) {
    for (const KernelTable* k : bf16_units()) {
      SCOPED_TRACE(testing::Message() << k->isa << ' ' << describe(row.shape));
      const bool dot = k->bf16->granule == 1;
      const ConvShape s = conv_canonical(row.shape);
      EXPECT_EQ(bf16_terms(s, *k, ConvPrecision::Strict), 0);
      EXPECT_EQ(bf16_terms(s, *k, ConvPrecision::Float), dot ? 0 : row.amx_float);
      if (k->winograd->fused) {
        EXPECT_EQ(bf16_terms(s, *k, ConvPrecision::Bf16), dot ? row.dot_bf16 : row.amx_bf16);
      }
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
