// Strassen's product for pointwise convolutions against the reference: odd numbers of panels,
// channels, pixels; strides; every instruction set and number of threads.
#include "tests/support/conv_reference.h"
#include "tests/support/matrix_reference.h"

namespace keel::simd::test {
namespace {

constexpr double kTolerance = 4e-6;  // a fifth of the promise

ConvShape plane(std::int64_t c, std::int64_t k, std::int64_t height, std::int64_t width,
                std::int64_t stride = 1, std::int64_t n = 1) {
  ConvShape s;
  s.n = n, s.c = c, s.k = k;
  s.in = {height, width, 1};
  s.out = {(height - 1) / stride + 1, (width - 1) / stride + 1, 1};
  s.kernel = {1, 1, 1};
  s.stride = {stride, stride, 1};
  return s;
}

void check_all(const std::vector<ConvShape>& rows) {
  for (const ConvShape& row : rows) {
    check_conv(row, ConvPrecision::Float, "strassen", kTolerance);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ConvStrassen, ChannelsBehindTheHalves) {
  std::vector<ConvShape> rows;
  for (std::int64_t c : {128, 129, 143, 144, 145, 159, 160}) rows.push_back(plane(c, 128, 10, 11));
  check_all(rows);
}

TEST(ConvStrassen, OutputChannels) {
  std::vector<ConvShape> rows;
  for (std::int64_t k : {128, 145, 160, 191, 192, 209}) rows.push_back(plane(130, k, 10, 10));
  check_all(rows);
}

TEST(ConvStrassen, OddPixels) {
  std::vector<ConvShape> rows;
  for (std::int64_t width : {100, 101, 111, 112, 113, 127, 141}) {
    rows.push_back(plane(128, 145, 1, width));
  }
  rows.push_back(plane(128, 128, 31, 29, 1, 2));
  check_all(rows);
}

TEST(ConvStrassen, Strides) {
  check_all({plane(64, 128, 13, 14, 2), plane(97, 150, 14, 13, 2), plane(80, 128, 33, 19, 3, 2),
             plane(64, 128, 12, 12, 2, 3)});
}

TEST(ConvStrassen, ManyPixels) { check_all({plane(160, 128, 40, 50), plane(136, 250, 30, 30)}); }

TEST(ConvStrassen, Epilogue) {
  std::vector<ConvShape> rows;
  for (int bits = 0; bits < 4; bits++) {
    for (ActivationKind kind :
         {ActivationKind::None, ActivationKind::Relu, ActivationKind::Swish}) {
      ConvShape s = plane(150, 160, 9, 13);
      s.bias = bits & 1;
      s.residual = bits & 2;
      s.activation = {kind, 1.0f, 0.0f};
      rows.push_back(s);
    }
  }
  check_all(rows);
}

// Against the convolution of what the prologue makes of x. The lanes beyond the last channel hold
// NaN, those of the affine map 0.
TEST(ConvStrassen, Prologue) {
  for (ConvShape s : {plane(32, 32, 1, 1), plane(40, 64, 7, 7), plane(130, 96, 9, 11, 1, 2)}) {
    ConvData data = conv_data(s, false);
    const std::int64_t blocks = (s.c + 15) / 16, plane = s.in[0] * s.in[1];
    std::vector<float> affine(static_cast<std::size_t>(blocks * 48)), x = data.x;
    for (std::int64_t c = 0; c < s.c; c++) {
      float* at = &affine[static_cast<std::size_t>(c / 16 * 48 + c % 16)];
      at[0] = 0.1f, at[16] = 1.5f, at[32] = -0.01f * static_cast<float>(c);
      for (std::int64_t n = 0; n < s.n; n++) {
        float* row = &x[static_cast<std::size_t>((n * s.c + c) * plane)];
        for (std::int64_t i = 0; i < plane; i++)
          row[i] = std::max(0.0f, (row[i] - at[0]) * at[16] + at[32]);
      }
    }
    const auto r = conv_reference(s, x, data.W, data.bias, data.residual);
    s.prologue = true;
    data.prologue = {affine.data(), {ActivationKind::Relu, 0, 0}};
    ASSERT_TRUE(takes_prologue(s));
    for (const KernelTable* k : isas()) {
      for (int threads : {1, 3}) {
        const std::vector<float> y =
            run_conv(s, data, *k, plan_conv(s, *k, threads, ConvPrecision::Float));
        EXPECT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), kTolerance)
            << describe(s) << ' ' << k->isa;
      }
    }
  }
}

TEST(ConvStrassen, Matrices) {
  for (ConvShape s :
       {matrix_product(28, 128, 128), matrix_product(29, 160, 144), matrix_product(61, 192, 272),
        matrix_product(197, 128, 160), matrix_product(800, 128, 128)}) {
    for (bool by_input : {false, true}) {
      s.by_input = by_input;
      for (const KernelTable* k : isas()) {
        SCOPED_TRACE(k->isa);
        ASSERT_TRUE(takes_matrix(s, *k, ConvPrecision::Float)) << describe(s);
        check_matrix_product(
            s, [&](int threads) { return plan_conv(s, *k, threads, ConvPrecision::Float); }, false,
            kTolerance);
      }
    }
  }
}

// Sums that do not average out: inputs behind a Relu, weights of one sign.
TEST(ConvStrassen, PositiveData) {
  const ConvShape s = plane(512, 128, 14, 14);
  ConvData data = conv_data(s, false);
  for (float& v : data.x) v = std::fabs(v);
  for (float& v : data.W) v = std::fabs(v);
  const auto r = conv_reference(s, data.x, data.W, data.bias, data.residual);
  for (const KernelTable* k : isas()) {
    const std::vector<float> y = run_conv(s, data, *k, plan_conv(s, *k, 1, ConvPrecision::Float));
    EXPECT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), kTolerance) << k->isa;
  }
}

TEST(ConvStrassen, NotWhenStrict) {
  EXPECT_EQ(
      plan_conv(plane(256, 256, 14, 14), *isas()[0], 1, ConvPrecision::Strict).kernel.substr(0, 6),
      "direct");
}

}  // namespace
}  // namespace keel::simd::test
