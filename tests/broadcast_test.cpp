#include "runtime/broadcast.h"

#include <gtest/gtest.h>

#include "runtime/error.h"
#include "tests/oracle/array.h"

namespace keel {
namespace {

struct Row {
  Shape result;
  std::vector<Shape> operands;
  std::int64_t inner;  // results in a row
};

const Row kRows[] = {
    {{}, {{}, {}}, 1},
    {{1, 1}, {{1}, {1, 1}}, 1},
    {{5}, {{5}, {}}, 5},
    {{5}, {{1}, {5}}, 5},
    {{2, 3, 4}, {{2, 3, 4}, {2, 3, 4}}, 24},
    {{2, 3, 4}, {{2, 3, 4}, {4}}, 4},
    {{2, 3, 4}, {{2, 3, 4}, {3, 4}}, 12},
    {{2, 3, 4, 5}, {{2, 3, 4, 5}, {3, 1, 1}}, 20},
    {{2, 3, 4, 5}, {{2, 3, 4, 5}, {1, 3, 1, 5}}, 5},
    {{2, 3, 4, 5}, {{2, 3, 1, 1}, {1, 3, 4, 5}}, 20},
    {{4, 5}, {{4, 1}, {1, 5}}, 5},
    {{5, 4}, {{1, 4}, {5, 1}, {5, 4}}, 4},
    {{2, 1, 3, 1, 2, 5}, {{2, 1, 3, 1, 2, 5}, {1, 1, 3, 1, 1, 5}, {}}, 5},
    {{2, 1, 3, 1, 2, 5}, {{3, 1, 2, 5}, {2, 1, 1, 1, 1, 1}}, 30},
    {{0}, {{0}, {1}}, 0},
    {{3, 0, 2}, {{3, 1, 2}, {1, 0, 1}}, 0},
    {{7, 3}, {{7, 1}}, 3},
};

TEST(Broadcast, WalksEveryElementOfEveryRange) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(to_string(row.result));
    const BroadcastPlan plan(row.result, row.operands);
    EXPECT_EQ(plan.size, element_count(row.result));
    EXPECT_EQ(plan.inner, row.inner);
    for (std::int64_t begin = 0; begin <= plan.size; ++begin)
      for (std::int64_t end = begin; end <= plan.size; end += 1 + plan.size / 7) {
        std::int64_t expected = begin;
        for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next()) {
          ASSERT_EQ(walk.out, expected);
          ASSERT_LE(walk.n, plan.inner);
          expected += walk.n;
          for (std::size_t k = 0; k < row.operands.size(); ++k) {
            const auto map = oracle::broadcast_map(row.operands[k], row.result);
            for (std::int64_t i = 0; i < walk.n; ++i)
              ASSERT_EQ(walk.at[k] + i * plan.steps[k], map[walk.out + i]) << "operand " << k;
          }
        }
        ASSERT_EQ(expected, end);
      }
  }
}

TEST(Broadcast, MergesShortRowsBesideARepeatedOne) {
  struct Case {
    Shape result, a, b;
    std::int64_t inner, period;
    std::size_t periodic;
  };
  const Case cases[] = {{{7, 3}, {7, 3}, {3}, 21, 3, 1},
                        {{2, 5, 3}, {3}, {2, 5, 3}, 30, 3, 0},
                        {{2, 5, 3}, {2, 5, 3}, {2, 1, 3}, 15, 3, 1},
                        {{2, 5, 3}, {2, 5, 3}, {1, 5, 1}, 3, 0, 0},
                        {{2, 5, 3}, {2, 1, 3}, {1, 5, 3}, 15, 3, 0},
                        {{2, 64}, {2, 64}, {64}, 64, 0, 0},
                        {{5}, {5}, {5}, 5, 0, 0}};
  for (const Case& row : cases) {
    SCOPED_TRACE(to_string(row.result));
    BroadcastPlan plan(row.result, {row.a, row.b});
    plan.merge_short_rows();
    EXPECT_EQ(plan.inner, row.inner);
    EXPECT_EQ(plan.period, row.period);
    EXPECT_EQ(plan.periodic, row.periodic);
    const Shape* const operands[] = {&row.a, &row.b};
    for (std::int64_t begin = 0; begin < plan.size; ++begin)
      for (BroadcastWalk walk(plan, begin, plan.size); walk.n > 0; walk.next())
        for (std::size_t k = 0; k < 2; ++k) {
          const auto map = oracle::broadcast_map(*operands[k], row.result);
          for (std::int64_t i = 0; i < walk.n; ++i) {
            std::int64_t at = walk.at[k] + i * plan.steps[k];
            if (plan.period != 0 && k == plan.periodic)
              at = walk.at[k] - walk.phase + (walk.phase + i) % plan.period;
            ASSERT_EQ(at, map[walk.out + i]);
          }
        }
  }
}

TEST(Broadcast, LegacyAxisPadsWithTrailingOnes) {
  Node node;
  node.name = "n";
  node.op_type = "Add";
  EXPECT_EQ(aligned_operand(node, 4, {3}), (Shape{3}));
  struct Case {
    std::int64_t axis;
    Shape b, expected;
  };
  const Case cases[] = {{1, {3}, {3, 1, 1}},
                        {1, {3, 4}, {3, 4, 1}},
                        {0, {2}, {2, 1, 1, 1}},
                        {-1, {5}, {5}},
                        {-3, {3}, {3, 1, 1}},
                        {3, {}, {}},
                        {0, {2, 3, 4, 5}, {2, 3, 4, 5}}};
  for (const Case& row : cases) {
    node.attributes["axis"] = row.axis;
    EXPECT_EQ(aligned_operand(node, 4, row.b), row.expected);
  }
  for (const std::int64_t axis : {std::int64_t{-5}, std::int64_t{3}, INT64_MAX, INT64_MIN}) {
    node.attributes["axis"] = axis;
    EXPECT_THROW(aligned_operand(node, 4, {3, 4}), Error) << axis;
  }
}

}  // namespace
}  // namespace keel
