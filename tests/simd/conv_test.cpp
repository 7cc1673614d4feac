// Direct convolutions: every kind of shape on every instruction set, exact on integers.
#include "simd/conv.h"

#include "tests/support/conv_reference.h"

namespace keel::simd::test {
namespace {

// A convolution whose output is as large as stride, dilation and pads (begin, end) make it.
ConvShape conv(std::int64_t n, std::int64_t c, std::int64_t k, std::int64_t group,
               const std::vector<std::int64_t>& in, const std::vector<std::int64_t>& kernel,
               const std::vector<std::int64_t>& stride, const std::vector<std::int64_t>& dilation,
               const std::vector<std::int64_t>& pad, const std::vector<std::int64_t>& pad_end) {
  ConvShape s;
  s.n = n, s.c = c, s.k = k, s.group = group;
  s.rank = static_cast<int>(in.size());
  for (int a = 0; a < s.rank; a++) {
    s.in[a] = in[a], s.kernel[a] = kernel[a], s.stride[a] = stride[a];
    s.dilation[a] = dilation[a], s.pad[a] = pad[a];
    s.out[a] = (in[a] + pad[a] + pad_end[a] - (kernel[a] - 1) * dilation[a] - 1) / stride[a] + 1;
  }
  return s;
}

ConvShape square(std::int64_t c, std::int64_t k, std::int64_t group, std::int64_t side,
                 std::int64_t kernel, std::int64_t stride, std::int64_t dilation, std::int64_t pad,
                 std::int64_t n = 1) {
  return conv(n, c, k, group, {side, side}, {kernel, kernel}, {stride, stride},
              {dilation, dilation}, {pad, pad}, {pad, pad});
}

ConvShape transposed(ConvShape s, std::int64_t output_padding = 0) {
  s.transposed = true;
  for (int a = 0; a < s.rank; a++) {
    s.out[a] = std::max<std::int64_t>(1, (s.in[a] - 1) * s.stride[a] + output_padding +
                                             (s.kernel[a] - 1) * s.dilation[a] + 1 - 2 * s.pad[a]);
  }
  return s;
}

void check_all(const std::vector<ConvShape>& rows, const std::string& kernel = "") {
  for (const ConvShape& row : rows) {
    check_conv(row, ConvPrecision::Strict, kernel);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Conv, Pointwise) {
  std::vector<ConvShape> rows;
  for (std::int64_t c : {1, 15, 16, 17, 33}) {
    for (std::int64_t k : {1, 8, 9, 15, 16, 17, 24, 25, 31, 33, 40, 64})
      rows.push_back(square(c, k, 1, 5, 1, 1, 1, 0));
  }
  for (std::int64_t side : {1, 2, 3, 7, 13, 14, 17}) {
    rows.push_back(square(24, 40, 1, side, 1, 1, 1, 0, 2));
    rows.push_back(square(24, 40, 1, side, 1, 2, 1, 0));
    rows.push_back(square(8, 48, 1, side, 1, 3, 1, 0));
    rows.push_back(square(8, 16, 1, side, 1, 1, 1, 1));
  }
  rows.push_back(square(300, 33, 1, 29, 1, 1, 1, 0));
  check_all(rows);
}

TEST(Conv, Dense3x3) {
  std::vector<ConvShape> rows;
  for (std::int64_t side : {1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 28, 29, 31}) {
    for (std::int64_t stride : {1, 2}) rows.push_back(square(17, 33, 1, side, 3, stride, 1, 1));
  }
  rows.push_back(square(1, 1, 1, 3, 3, 1, 1, 1));
  rows.push_back(square(16, 16, 1, 9, 3, 1, 1, 0, 3));
  rows.push_back(square(20, 20, 1, 9, 3, 3, 1, 1));
  rows.push_back(square(48, 64, 1, 30, 3, 1, 1, 1));
  check_all(rows);
}

TEST(Conv, OtherKernels) {
  check_all({
      square(5, 18, 1, 11, 5, 1, 1, 2),
      square(5, 18, 1, 12, 5, 2, 1, 2),
      square(18, 5, 1, 9, 7, 1, 1, 3),
      square(3, 17, 1, 23, 7, 2, 1, 3),
      square(3, 20, 1, 32, 16, 16, 1, 0),
      square(3, 20, 1, 13, 4, 4, 1, 0),
      square(20, 20, 1, 12, 2, 2, 1, 0),
      square(20, 20, 1, 12, 2, 1, 1, 0),
      conv(2, 17, 19, 1, {9, 11}, {1, 7}, {1, 1}, {1, 1}, {0, 3}, {0, 3}),
      conv(2, 17, 19, 1, {9, 11}, {7, 1}, {1, 1}, {1, 1}, {3, 0}, {3, 0}),
      conv(1, 17, 19, 1, {9, 11}, {3, 2}, {2, 1}, {1, 3}, {1, 0}, {0, 4}),
  });
}

TEST(Conv, DilationAndPads) {
  check_all({
      square(17, 20, 1, 13, 3, 1, 2, 2),
      square(17, 20, 1, 33, 3, 1, 12, 12),
      square(17, 20, 1, 13, 3, 2, 3, 3),
      square(17, 20, 1, 5, 3, 1, 4, 4),
      square(6, 20, 1, 1, 3, 1, 1, 5),  // padding larger than the input
      square(6, 20, 1, 2, 2, 3, 1, 7),
      square(6, 20, 1, 3, 5, 1, 1, 4),
      conv(1, 6, 20, 1, {4, 5}, {3, 3}, {1, 1}, {1, 1}, {2, 0}, {0, 3}),
      conv(1, 6, 20, 1, {4, 5}, {3, 3}, {2, 2}, {1, 1}, {0, 1}, {1, 0}),
      conv(1, 6, 20, 1, {4, 5}, {3, 3}, {2, 5}, {1, 1}, {0, 20}, {1, 20}),
  });
}

TEST(Conv, OtherRanks) {
  check_all({
      conv(2, 17, 20, 1, {37}, {3}, {1}, {1}, {1}, {1}),
      conv(2, 1, 33, 1, {100}, {11}, {5}, {1}, {0}, {0}),
      conv(1, 17, 20, 1, {40}, {3}, {2}, {4}, {4}, {4}),
      conv(1, 17, 20, 1, {40, 1}, {3, 1}, {1, 1}, {1, 1}, {1, 0}, {1, 0}),
      conv(1, 17, 20, 1, {40, 1}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}),
      conv(1, 5, 20, 1, {1, 40}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}),
      conv(2, 17, 20, 1, {5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}),
      conv(1, 17, 20, 1, {5, 6, 7}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}),
      conv(1, 3, 20, 1, {6, 9, 10}, {2, 3, 1}, {2, 2, 2}, {1, 2, 1}, {0, 2, 0}, {1, 1, 0}),
      conv(1, 4, 4, 2, {4, 5, 6}, {3, 3, 3}, {1, 2, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}),
  });
}

TEST(Conv, Groups) {
  std::vector<ConvShape> rows;
  for (std::int64_t kernel : {1, 3}) {
    for (std::int64_t stride : {1, 2}) {
      const std::int64_t pad = kernel / 2;
      for (std::int64_t width : {1, 2, 4, 5, 8, 15, 16, 17, 32}) {
        rows.push_back(square(3 * width, 3 * width, 3, 7, kernel, stride, 1, pad));
      }
      rows.push_back(square(6, 48, 3, 7, kernel, stride, 1, pad));
      rows.push_back(square(48, 6, 3, 7, kernel, stride, 1, pad));
      rows.push_back(square(40, 64, 2, 15, kernel, stride, 1, pad, 2));
      rows.push_back(square(34, 34, 34, 9, kernel, stride, 1, pad));
      rows.push_back(square(17, 51, 17, 9, kernel, stride, 1, pad));
    }
  }
  check_all(rows);
}

TEST(Conv, NarrowGroups) {
  std::vector<ConvShape> rows;
  for (std::int64_t kernel : {2, 3, 5}) {
    for (std::int64_t stride : {1, 2, 3}) {
      for (std::int64_t width : {2, 3, 4}) {
        rows.push_back(square(9 * width, 9 * width, 9, 13, kernel, stride, 1, kernel / 2));
      }
      rows.push_back(square(17, 51, 17, 9, kernel, stride, 1, 1, 2));
      rows.push_back(square(42, 14, 14, 9, kernel, stride, 1, 0));
      rows.push_back(square(33, 22, 11, 9, kernel, stride, 2, 5));
    }
  }
  rows.push_back(square(64, 64, 16, 70, 3, 1, 1, 1));
  rows.push_back(square(8, 8, 2, 2, 3, 1, 1, 7));
  rows.push_back(conv(1, 8, 8, 2, {200}, {9}, {1}, {1}, {4}, {4}));
  check_all(rows, "narrow groups");
}

TEST(Conv, DepthwiseRows) {
  std::vector<ConvShape> rows;
  for (std::int64_t width : {3, 5, 7}) {
    for (std::int64_t stride : {1, 2}) {
      if (width == 7 && stride == 2) continue;
      for (std::int64_t side : {1, 2, 3, 4, 7, 13, 14, 15, 29}) {
        rows.push_back(square(17, 17, 17, side, width, stride, 1, width / 2));
      }
      rows.push_back(square(33, 33, 33, 16, width, stride, 1, 0, 2));
      rows.push_back(square(5, 5, 5, 9, width, stride, 1, width - 1));
      rows.push_back(conv(1, 20, 20, 20, {9, 10}, {2, width}, {3, stride}, {2, 1}, {2, 1}, {2, 2}));
    }
  }
  check_all(rows, "depthwise rows");
}

TEST(Conv, DepthwiseTaps) {
  check_all(
      {
          square(17, 17, 17, 29, 3, 1, 2, 2),
          square(17, 17, 17, 13, 3, 2, 2, 2),
          square(17, 17, 17, 13, 3, 3, 1, 1),
          square(17, 17, 17, 13, 4, 1, 1, 1),
          square(17, 17, 17, 31, 9, 1, 1, 4),
          square(17, 17, 17, 31, 9, 2, 3, 12),
          square(17, 17, 17, 2, 3, 1, 1, 5),
          conv(2, 20, 20, 20, {50}, {31}, {1}, {1}, {15}, {15}),
          conv(2, 20, 20, 20, {50}, {4}, {1}, {8}, {24}, {0}),
          conv(1, 20, 20, 20, {4, 6, 9}, {1, 3, 3}, {1, 2, 1}, {1, 1, 1}, {0, 1, 2}, {0, 1, 2}),
          conv(1, 20, 20, 20, {5, 6, 17}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}),
          transposed(square(20, 20, 20, 9, 4, 2, 1, 1)),
          transposed(square(20, 20, 20, 9, 2, 3, 1, 0), 1),
      },
      "depthwise taps");
}

TEST(Conv, PlainInput) {
  std::vector<ConvShape> rows = {
      square(3, 64, 1, 32, 7, 2, 1, 3),
      square(3, 32, 1, 31, 3, 2, 1, 1),
      square(3, 16, 1, 30, 3, 2, 1, 0, 2),
      square(1, 17, 1, 29, 5, 1, 1, 2),
      square(4, 33, 1, 48, 16, 16, 1, 0),
      square(3, 33, 1, 20, 4, 4, 1, 0),
      square(3, 33, 1, 20, 3, 3, 2, 5),
      square(3, 33, 1, 20, 3, 1, 1, 0),
      square(8, 10, 1, 9, 1, 1, 1, 0),
      square(8, 10, 1, 9, 1, 2, 1, 0),
      square(2, 10, 1, 1, 3, 1, 1, 4),
      square(2, 10, 1, 5, 9, 2, 1, 4),
      conv(2, 1, 20, 1, {101}, {10}, {5}, {1}, {3}, {3}),
      conv(2, 2, 20, 1, {37, 1}, {3, 1}, {1, 1}, {1, 1}, {1, 0}, {1, 0}),
      conv(1, 3, 20, 1, {5, 9, 17}, {3, 3, 3}, {2, 1, 2}, {1, 2, 1}, {1, 2, 1}, {1, 2, 0}),
  };
  for (std::int64_t side = 1; side < 18; side++) rows.push_back(square(3, 20, 1, side, 3, 1, 1, 1));
  for (ConvShape& s : rows) {
    s.plain_input = true;
    s.bias = s.residual = true;
    s.activation = {ActivationKind::Relu};
  }
  check_all(rows, "stem");
}

TEST(Conv, Transposed) {
  std::vector<ConvShape> rows;
  for (std::int64_t kernel : {1, 2, 3, 4, 5}) {
    for (std::int64_t stride : {1, 2, 3}) {
      for (std::int64_t pad : {0, 1}) {
        rows.push_back(transposed(square(17, 20, 1, 6, kernel, stride, 1, pad)));
      }
    }
  }
  rows.push_back(transposed(square(16, 32, 1, 14, 2, 2, 1, 0)));
  rows.push_back(transposed(square(16, 32, 1, 15, 4, 2, 1, 1, 2)));
  rows.push_back(transposed(square(6, 20, 1, 6, 3, 2, 1, 1), 1));
  rows.push_back(transposed(square(6, 20, 1, 6, 3, 2, 3, 1), 1));
  rows.push_back(transposed(square(6, 20, 1, 1, 3, 4, 2, 2), 3));
  rows.push_back(transposed(square(6, 20, 2, 6, 3, 2, 1, 1), 1));
  rows.push_back(transposed(square(20, 20, 20, 6, 3, 2, 1, 1), 1));
  rows.push_back(transposed(square(32, 64, 2, 6, 4, 2, 1, 1)));
  rows.push_back(transposed(conv(2, 5, 18, 1, {19}, {4}, {2}, {1}, {1}, {1})));
  rows.push_back(transposed(
      conv(1, 5, 18, 1, {3, 4, 5}, {3, 2, 3}, {1, 2, 2}, {1, 1, 1}, {1, 0, 1}, {1, 0, 1})));
  check_all(rows);
}

TEST(Conv, Epilogues) {
  const Activation activations[] = {
      {}, {ActivationKind::Relu}, {ActivationKind::Clip, -3.0f, 6.0f}};
  std::vector<ConvShape> rows;
  const ConvShape shapes[] = {square(17, 33, 1, 9, 3, 1, 1, 1), square(17, 33, 1, 9, 1, 1, 1, 0),
                              square(20, 20, 4, 9, 3, 1, 1, 1), square(33, 33, 33, 9, 3, 1, 1, 1),
                              transposed(square(17, 33, 1, 5, 2, 2, 1, 0))};
  for (ConvShape s : shapes) {
    for (const Activation& f : activations) {
      for (int bits = 0; bits < 4; bits++) {
        s.activation = f;
        s.bias = bits & 1;
        s.residual = bits & 2;
        rows.push_back(s);
      }
    }
  }
  check_all(rows);
}

TEST(Conv, EveryActivation) {
  for (int kind = 0; kind <= static_cast<int>(ActivationKind::Mish); kind++) {
    for (ConvShape s : {square(17, 33, 1, 9, 3, 1, 1, 1), square(20, 20, 4, 9, 1, 1, 1, 0),
                        square(20, 20, 20, 9, 3, 1, 1, 1), square(20, 20, 20, 9, 3, 1, 2, 2)}) {
      s.bias = true;
      s.activation = {static_cast<ActivationKind>(kind), 0.5f, 0.75f};
      check_conv(s, ConvPrecision::Strict, "", 1e-5);
    }
  }
}

TEST(Conv, ManyImagesAndRandomShapes) {
  const auto draw = [](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator());
  };
  std::vector<ConvShape> rows;
  while (rows.size() < 60) {
    const std::int64_t group = draw(1, 4) == 1 ? draw(1, 6) : 1;
    ConvShape s =
        conv(draw(1, 3), group * draw(1, 20), group * draw(1, 36), group,
             {draw(1, 18), draw(1, 34)}, {draw(1, 5), draw(1, 5)}, {draw(1, 3), draw(1, 3)},
             {draw(1, 3), draw(1, 3)}, {draw(0, 4), draw(0, 4)}, {draw(0, 4), draw(0, 4)});
    const bool turn = draw(0, 3) == 0;
    if (!turn && (s.out[0] < 1 || s.out[1] < 1)) continue;
    rows.push_back(turn ? transposed(s, draw(0, 2)) : s);
  }
  check_all(rows);
}

}  // namespace
}  // namespace keel::simd::test
