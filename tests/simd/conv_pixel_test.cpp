// Convolutions of one pixel, whose large weights are kept in fewer bits.
#include "tests/support/conv_reference.h"

namespace keel::simd::test {
namespace {

ConvShape pixel(std::int64_t n, std::int64_t c, std::int64_t k) {
  ConvShape s;
  s.n = n, s.c = c, s.k = k, s.rank = 2;
  for (int a = 0; a < s.rank; a++) s.in[a] = s.out[a] = s.kernel[a] = 1;
  return s;
}

TEST(ConvPixel, NarrowWeights) {
  for (std::int64_t n : {1, 5, 6}) {
    for (std::int64_t c : {500, 512, 513}) {
      ConvShape s = pixel(n, c, 131);
      check_conv(s, ConvPrecision::Float, "pixel gemm of 20 bits", 1e-5);
      s.bias = s.residual = true;
      s.activation.kind = ActivationKind::Sigmoid;
      check_conv(s, ConvPrecision::Float, "pixel gemm of 20 bits", 1e-5);
      check_conv(s, ConvPrecision::Bf16, "", 2e-2);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ConvPixel, WhatIsSmallOrStrictStaysFloats) {
  check_conv(pixel(1, 513, 131), ConvPrecision::Strict);
  check_conv(pixel(1, 500, 90), ConvPrecision::Float);
  check_conv(pixel(1, 40, 2000), ConvPrecision::Float);
}

TEST(ConvPixel, SmallIntegersAreExact) {
  const ConvShape s = pixel(3, 500, 131);
  const ConvData data = conv_data(s, true);
  const auto want = conv_reference(s, data.x, data.W, data.bias, data.residual);
  for (const KernelTable* kernels : isas()) {
    const ConvPlan plan = plan_conv(s, *kernels, 2, ConvPrecision::Float);
    const std::vector<float> y = run_conv(s, data, *kernels, plan);
    for (std::size_t i = 0; i < y.size(); i++) ASSERT_EQ(y[i], want[i]) << kernels->isa << " " << i;
  }
}

TEST(ConvPixel, WeightsThatNeedThemStayFloats) {
  const ConvShape s = pixel(2, 500, 131);
  ConvData data = conv_data(s, false);
  data.W[77 * 500 + 300] = HUGE_VALF;
  for (const KernelTable* kernels : isas()) {
    const ConvPlan narrow = plan_conv(s, *kernels, 1, ConvPrecision::Float);
    const ConvPlan strict = plan_conv(s, *kernels, 1, ConvPrecision::Strict);
    EXPECT_NE(narrow.packing, strict.packing);
    EXPECT_EQ(run_conv(s, data, *kernels, narrow), run_conv(s, data, *kernels, strict))
        << kernels->isa;
  }
}

}  // namespace
}  // namespace keel::simd::test
