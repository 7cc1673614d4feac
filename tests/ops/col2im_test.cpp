#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

struct Row {
  Ints image, block, strides, dilations, pads;
};

std::int64_t blocks_along(const Row& row, std::size_t k) {
  const std::int64_t span = row.dilations[k] * (row.block[k] - 1) + 1;
  return (row.image[k] + row.pads[k] + row.pads[k + 2] - span) / row.strides[k] + 1;
}

// Every element of every block is added where the block has it.
Tensor reference(const Tensor& x, const Row& row, std::int64_t channels) {
  const std::int64_t N = x.shape()[0], H = row.image[0], W = row.image[1];
  Tensor y = make_tensor<float>({N, channels, H, W},
                                std::vector<float>(static_cast<std::size_t>(N * channels * H * W)));
  const float* from = x.data_as<float>();
  for (std::int64_t plane = 0; plane < N * channels; ++plane)
    for (std::int64_t bi = 0; bi < row.block[0]; ++bi)
      for (std::int64_t bj = 0; bj < row.block[1]; ++bj)
        for (std::int64_t oi = 0; oi < blocks_along(row, 0); ++oi)
          for (std::int64_t oj = 0; oj < blocks_along(row, 1); ++oj, ++from) {
            const std::int64_t i = oi * row.strides[0] + bi * row.dilations[0] - row.pads[0];
            const std::int64_t j = oj * row.strides[1] + bj * row.dilations[1] - row.pads[1];
            if (i >= 0 && i < H && j >= 0 && j < W)
              y.data_as<float>()[(plane * H + i) * W + j] += *from;
          }
  return y;
}

TEST(Col2Im, SumsBlocksIntoTheImage) {
  const Row rows[] = {{{5, 6}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
                      {{5, 6}, {2, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
                      {{7, 6}, {3, 2}, {2, 1}, {1, 2}, {1, 0, 2, 1}},
                      {{4, 4}, {4, 4}, {1, 1}, {1, 1}, {0, 0, 0, 0}}};
  Random random(1);
  for (const Row& row : rows) {
    const std::int64_t elements = row.block[0] * row.block[1];
    const Tensor x = random_tensor(random, DataType::Float,
                                   {2, 3 * elements, blocks_along(row, 0) * blocks_along(row, 1)});
    const Tensor y = run_operator(
        "Col2Im", {x, ints(row.image), ints(row.block)},
        {{"strides", row.strides}, {"dilations", row.dilations}, {"pads", row.pads}})[0];
    EXPECT_EQ(difference(y, reference(x, row, 3), {1e-6, 1e-6}), "");
  }
}

TEST(Col2Im, RefusesWhatDoesNotFit) {
  const auto refused = [](const Shape& x, const Ints& image, const Ints& block, ErrorCode code,
                          const char* fragment, const Attributes& attributes = {}) {
    expect_error(code, fragment, [&] {
      run_operator("Col2Im", {Tensor(DataType::Float, x), ints(image), ints(block)}, attributes);
    });
  };
  refused({1, 5, 4}, {3, 3}, {2, 2}, ErrorCode::BadInput, "5 rows are no multiple");
  refused({1, 4, 5}, {3, 3}, {2, 2}, ErrorCode::BadInput, "expected 4 blocks, got 5");
  refused({1, 4, 4}, {3, 3}, {4, 1}, ErrorCode::BadInput, "does not fit into the image");
  refused({1, 4, 4}, {3, 3}, {2}, ErrorCode::BadInput, "block_shape");
  refused({1, 4, 4}, {3, -3}, {2, 2}, ErrorCode::BadInput, "not allowed");
  refused({1, 4, 4}, {3, 3}, {0, 2}, ErrorCode::BadInput, "not allowed");
  for (const char* name : {"strides", "dilations"})
    refused({1, 4, 4}, {3, 3}, {2, 2}, ErrorCode::MalformedModel, name, {{name, Ints{0, 1}}});
  refused({1, 4, 4}, {3, 3}, {2, 2}, ErrorCode::MalformedModel, "pads", {{"pads", Ints{0, 1}}});
}

}  // namespace
}  // namespace keel::test
