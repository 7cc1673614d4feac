// keel.Reorder: round trips through both layouts, and constants of lower rank.
#include <gtest/gtest.h>

#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(Reorder, MovesEveryElement) {
  for (const Shape& dims :
       {Shape{1, 16, 4}, Shape{2, 3, 5, 7}, Shape{3, 33, 2, 3, 4}, Shape{1, 1, 1, 1},
        Shape{2, 48, 9, 1}, Shape{0, 5, 3}, Shape{2, 5, 0}}) {
    const Tensor x = seeded(7, dims);
    for (std::uint32_t in : {0u, 1u})
      for (std::uint32_t out : {0u, 1u})
        expect_same(run_op("keel.Reorder", {x}, {}, 1, {in, out, 1, 3})[0], x, to_string(dims));
  }
}

TEST(Reorder, PadsRankWithLeadingOnes) {
  const Tensor x = seeded(7, {20, 1, 1});
  const Tensor y = run_op("keel.Reorder", {x}, {{"rank", std::int64_t{4}}}, 1, {0, 1, 1, 1})[0];
  EXPECT_EQ(y.shape(), (Shape{1, 20, 1, 1}));
  expect_same(y, make_tensor<float>(y.shape(), {x.data_as<float>(), x.data_as<float>() + 20}));
  expect_error(ErrorCode::MalformedModel, "rank", [&] {
    run_op("keel.Reorder", {x}, {{"rank", std::int64_t{2}}});
  });
}

}  // namespace
}  // namespace keel::test
