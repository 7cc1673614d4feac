// Winograd against the reference: accuracy, borders, every instruction set and number of threads.
#include "simd/winograd.h"
#include "tests/support/conv_reference.h"

namespace keel::simd::test {
namespace {

constexpr double kTolerance = 2e-5;

ConvShape plane(std::int64_t c, std::int64_t k, std::int64_t height, std::int64_t width,
                std::int64_t pad = 1, std::int64_t n = 1) {
  ConvShape s;
  s.n = n, s.c = c, s.k = k;
  s.in = {height, width, 1};
  s.out = {height + 2 * pad - 2, width + 2 * pad - 2, 1};
  s.kernel = {3, 3, 1};
  s.pad = {pad, pad, 0};
  return s;
}

void check_all(const std::vector<ConvShape>& rows, const std::string& kernel) {
  for (const ConvShape& row : rows) {
    check_conv(row, ConvPrecision::Float, kernel, kTolerance);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ConvWinograd, EveryBorder) {
  std::vector<ConvShape> rows;
  for (std::int64_t side = 12; side < 21; side++) {
    for (std::int64_t pad : {0, 1, 2}) rows.push_back(plane(33, 50, side, side + 7, pad));
  }
  rows.push_back(plane(33, 50, 16, 33, 0, 3));
  check_all(rows, "winograd 4x4");
}

TEST(ConvWinograd, SmallTiles) {
  check_all({plane(128, 72, 7, 7), plane(200, 50, 6, 7)}, "winograd 2x2");
}

TEST(ConvWinograd, Expanding) {
  std::vector<ConvShape> rows = {plane(500, 260, 7, 8), plane(512, 272, 10, 9, 0),
                                 plane(512, 300, 8, 7), plane(330, 400, 4, 8, 1, 2)};
  rows[0].bias = rows[2].bias = true;
  rows[1].residual = rows[2].residual = true;
  rows[2].activation = {ActivationKind::Relu, 1.0f, 0.0f};
  check_all(rows, "winograd 4x4 expanding");
}

TEST(ConvWinograd, StrideTwo) {
  std::vector<ConvShape> rows;
  for (std::int64_t side = 21; side < 27; side++) {
    for (std::int64_t pad : {0, 1, 2}) {
      ConvShape s = plane(129, 250, side, side + 5, pad);
      s.stride = {2, 2, 1};
      for (int a : {0, 1}) s.out[a] = (s.in[a] + 2 * pad - 3) / 2 + 1;
      s.residual = pad == 1;
      s.bias = pad != 0;
      rows.push_back(s);
    }
  }
  rows.back().n = 3;
  check_all(rows, "winograd 2x2/2");
}

// The first convolution of a network, 7 x 7 on a plain input.
TEST(ConvWinograd, Phases) {
  std::vector<ConvShape> rows;
  for (std::int64_t side = 27; side < 34; side++) {
    for (std::int64_t pad : {0, 2, 3, 5}) {
      ConvShape s = plane(2 + side % 3, 20 + side, side, 3 * side + 5, pad, 1 + pad % 2);
      s.kernel = {7, 7, 1}, s.stride = {2, 2, 1};
      for (int a : {0, 1}) s.out[a] = (s.in[a] + 2 * pad - 7) / 2 + 1;
      s.plain_input = true;
      s.residual = pad == 2;
      s.bias = pad != 0;
      if (pad == 3) s.activation = {ActivationKind::Relu, 1.0f, 0.0f};
      rows.push_back(s);
    }
  }
  rows.back().out = {23, 60, 1};  // more than the input reaches
  check_all(rows, "winograd 3x3 of phases");
}

TEST(ConvWinograd, ManyTiles) {
  check_all({plane(64, 64, 56, 56), plane(20, 40, 67, 91), plane(200, 20, 33, 31, 1, 2)},
            "winograd 4x4");
}

TEST(ConvWinograd, Epilogue) {
  std::vector<ConvShape> rows;
  for (int bits = 0; bits < 4; bits++) {
    for (ActivationKind kind :
         {ActivationKind::None, ActivationKind::Relu, ActivationKind::Swish}) {
      ConvShape s = plane(48, 33, 15, 17);
      s.bias = bits & 1;
      s.residual = bits & 2;
      s.activation = {kind, 1.0f, 0.0f};
      rows.push_back(s);
    }
  }
  check_all(rows, "winograd 4x4");
}

// Sums that do not average out: inputs behind a Relu, weights of one sign.
TEST(ConvWinograd, PositiveData) {
  const ConvShape s = plane(256, 64, 14, 14);
  ConvData data = conv_data(s, false);
  for (float& v : data.x) v = std::fabs(v);
  for (float& v : data.W) v = std::fabs(v);
  const auto r = conv_reference(s, data.x, data.W, data.bias, data.residual);
  for (const KernelTable* k : isas()) {
    const ConvPlan plan = plan_conv(s, *k, 1, ConvPrecision::Float);
    const std::vector<float> y = run_conv(s, data, *k, plan);
    EXPECT_EQ(plan.kernel, k->winograd->fused ? "winograd 4x4" : "winograd 2x2") << k->isa;
    EXPECT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), kTolerance) << k->isa;
  }
}

TEST(ConvWinograd, NotWhenStrict) {
  EXPECT_EQ(
      plan_conv(plane(64, 64, 56, 56), *isas()[0], 1, ConvPrecision::Strict).kernel.substr(0, 6),
      "direct");
}

}  // namespace
}  // namespace keel::simd::test
