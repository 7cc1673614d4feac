// Convolutions of bfloat16, in one term and in three, on every unit: those
// of this CPU and the emulated AMX.
#include <algorithm>

#include "simd/bf16.h"
#include "simd/half.h"
#include "tests/support/bf16_units.h"

namespace keel::simd::test {
namespace {

void round_to_bf16(std::vector<float>& values) {
  for (float& v : values) v = bfloat16_to_float(float_to_bfloat16(v));
}

// In one term against the reference on rounded operands; in three on operands as they are; the same
// bits for every number of threads.
void check(const ConvShape& shape) {
  SCOPED_TRACE(describe(shape));
  const ConvShape canonical = conv_canonical(shape);
  const std::int64_t length = shape.c / shape.group * product(canonical.kernel);
  for (int terms : {1, 3}) {
    ConvData data = conv_data(shape, false);
    if (terms == 1) round_to_bf16(data.x), round_to_bf16(data.W);
    const auto r = conv_reference(shape, data.x, data.W, data.bias, data.residual);
    for (const KernelTable* kernels : bf16_units()) {
      std::vector<float> first;
      for (int threads : {1, 2, 3}) {
        SCOPED_TRACE(testing::Message() << kernels->isa << ", " << terms << " terms, " << threads);
        const ConvPlan plan = plan_bf16(canonical, *kernels, threads, terms);
        const std::vector<float> y = run_conv(shape, data, *kernels, plan);
        ASSERT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())),
                  terms == 1 ? sum_tolerance(length) : kThreeTerms);
        if (first.empty()) first = y;
        ASSERT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0);
      }
    }
  }
}

void check_all(const std::vector<ConvShape>& rows) {
  for (const ConvShape& row : rows) {
    check(row);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ConvBf16, TheUnitsWork) {
  for (const KernelTable* kernels : bf16_units())
    EXPECT_TRUE(bf16_works(*kernels->bf16)) << kernels->isa;
}

TEST(ConvBf16, PointwiseChannels) {
  std::vector<ConvShape> rows;
  for (std::int64_t c : {1, 2, 15, 16, 17, 31, 32, 33, 48, 65})
    rows.push_back(conv(c, 33, {5, 5}, {1, 1}));
  for (std::int64_t k : {1, 15, 16, 17, 31, 32, 33, 47, 64})
    rows.push_back(conv(33, k, {5, 5}, {1, 1}));
  check_all(rows);
}

TEST(ConvBf16, PointwisePixels) {
  std::vector<ConvShape> rows;
  for (std::int64_t width : {1, 2, 3, 13, 14, 15, 16, 17, 27, 29, 31, 32, 33, 63, 65, 127, 300}) {
    rows.push_back(conv(33, 31, {1, width}, {1, 1}, 1, 1, 0, 2));
  }
  rows.push_back(conv(40, 40, {13, 14}, {1, 1}, 2));
  rows.push_back(conv(40, 40, {14, 13}, {1, 1}, 3));
  rows.push_back(conv(40, 40, {5, 6}, {1, 1}, 1, 1, 1));
  check_all(rows);
}

TEST(ConvBf16, Kernels3x3) {
  std::vector<ConvShape> rows;
  for (std::int64_t side : {1, 2, 3, 6, 7, 8, 13, 14, 15, 16, 17, 29}) {
    for (std::int64_t stride : {1, 2})
      rows.push_back(conv(33, 31, {side, side}, {3, 3}, stride, 1, 1));
  }
  rows.push_back(conv(64, 64, {30, 30}, {3, 3}, 1, 1, 1));
  rows.push_back(conv(17, 48, {7, 7}, {3, 3}, 1, 1, 1, 5));
  check_all(rows);
}

TEST(ConvBf16, OtherKernels) {
  check_all({
      conv(17, 18, {11, 11}, {5, 5}, 1, 1, 2),
      conv(17, 18, {12, 12}, {5, 5}, 2, 1, 2),
      conv(18, 17, {23, 23}, {7, 7}, 3, 1, 3),
      conv(18, 17, {13, 13}, {4, 4}, 4),
      conv(20, 20, {12, 12}, {2, 2}, 1),
      conv(20, 20, {9, 11}, {1, 7}, 1, 1, 3),
      conv(20, 20, {9, 11}, {7, 1}, 1, 1, 3),
      conv(20, 20, {13, 13}, {3, 3}, 1, 2, 2),
      conv(20, 20, {33, 33}, {3, 3}, 1, 12, 12),
      conv(20, 20, {13, 13}, {3, 3}, 2, 3, 3),
      conv(20, 20, {5, 5}, {3, 3}, 1, 4, 4),
      conv(20, 20, {1, 1}, {3, 3}, 1, 1, 5),
      conv(20, 20, {2, 2}, {2, 2}, 3, 1, 7),
      conv(20, 20, {3, 3}, {5, 5}, 1, 1, 4),
  });
}

TEST(ConvBf16, OtherRanks) {
  check_all({
      conv(17, 20, {37}, {3}, 1, 1, 1, 2),
      conv(17, 20, {40}, {3}, 2, 4, 4),
      conv(17, 20, {5, 6, 7}, {3, 3, 3}, 1, 1, 1, 2),
      conv(17, 20, {5, 6, 7}, {1, 1, 1}),
      conv(17, 20, {6, 9, 10}, {2, 3, 1}, 2, 1, 2),
      conv(17, 20, {40, 1}, {3, 3}, 1, 1, 1),
  });
}

TEST(ConvBf16, Groups) {
  check_all({conv(64, 32, {7, 7}, {3, 3}, 1, 1, 1, 2, 2),
             conv(96, 144, {9, 9}, {1, 1}, 1, 1, 0, 1, 3),
             conv(128, 64, {14, 14}, {3, 3}, 2, 1, 1, 1, 4)});
}

// Chunks of rectangles and of panels.
TEST(ConvBf16, ManyPixelsAndManyPanels) {
  check_all({conv(64, 96, {60, 70}, {1, 1}), conv(256, 320, {7, 7}, {1, 1}),
             conv(160, 260, {7, 7}, {3, 3}, 1, 1, 1, 2), conv(600, 40, {40, 40}, {1, 1}),
             conv(32, 40, {90, 90}, {3, 3}, 2, 1, 1)});
}

TEST(ConvBf16, Epilogue) {
  std::vector<ConvShape> rows;
  for (int bits = 0; bits < 4; bits++) {
    for (ActivationKind kind :
         {ActivationKind::None, ActivationKind::Relu, ActivationKind::Swish}) {
      for (std::int64_t kernel : {1, 3}) {
        ConvShape s = conv(40, 33, {9, 13}, {kernel, kernel}, 1, 1, kernel / 2);
        s.bias = bits & 1;
        s.residual = bits & 2;
        s.activation = {kind, 1.0f, 0.0f};
        rows.push_back(s);
      }
    }
  }
  check_all(rows);
}

// Sums that do not average out.
TEST(ConvBf16, PositiveData) {
  const ConvShape s = conv(512, 64, {7, 7}, {3, 3}, 1, 1, 1);
  ConvData data = conv_data(s, false);
  for (std::vector<float>* values : {&data.x, &data.W})
    for (float& v : *values) v = std::fabs(v);
  const auto r = conv_reference(s, data.x, data.W, data.bias, data.residual);
  for (const KernelTable* kernels : bf16_units()) {
    const ConvPlan plan = plan_bf16(conv_canonical(s), *kernels, 1, 3);
    const std::vector<float> y = run_conv(s, data, *kernels, plan);
    EXPECT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), kThreeTerms)
        << kernels->isa;
  }
}

// Against the convolution of what the prologue makes of x. The lanes beyond the last channel hold
// NaN, those of the affine map 0.
TEST(ConvBf16, Prologue) {
  for (ConvShape s : {conv(40, 64, {7, 7}, {1, 1}), conv(100, 32, {9, 11}, {1, 1}, 1, 1, 0, 2)}) {
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
    for (const KernelTable* k : bf16_units()) {
      const std::vector<float> y = run_conv(s, data, *k, plan_bf16(conv_canonical(s), *k, 2, 3));
      EXPECT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), kThreeTerms)
          << k->isa;
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
