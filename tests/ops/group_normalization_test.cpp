// GroupNormalization against the oracle.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

TEST(GroupNormalization, MatchesOracle) {
  for (const Shape& x : {Shape{2, 12, 5, 7}, Shape{1, 48, 9, 9}, Shape{2, 36, 11}, Shape{3, 24},
                         Shape{1, 6, 3, 4, 2}})
    for (std::int64_t groups : {1, 3, 6})
      for (std::int64_t per_group : {0, 1})
        for (DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
          const Shape parameters = {per_group != 0 ? groups : x[1]};
          check_operator("GroupNormalization",
                         {seeded(1, x, -3, 3, type), seeded(2, parameters, -2, 2, type),
                          seeded(3, parameters, -1, 1, type)},
                         {{"num_groups", groups}, {"per_group", per_group}});
        }
}

TEST(GroupNormalization, EveryLayoutAndLargeMean) {
  const Shape x = {2, 48, 6, 5};
  for (std::int64_t groups : {1, 3, 8, 16, 48})
    check_node(make_node("GroupNormalization", {{"num_groups", groups}}, 3),
               {seeded(1, x, 9999, 10001), seeded(2, {48}), seeded(3, {48})}, 1, 1, 1e-6);
}

TEST(GroupNormalization, RefusesMalformedNodes) {
  const std::vector<TensorType> types = {type_of({2, 6, 4}), type_of({6}), type_of({6})};
  for (std::int64_t groups : {0, 4, -1})
    expect_error(ErrorCode::MalformedModel, "num_groups", [&] {
      infer_op("GroupNormalization", types, {{"num_groups", groups}});
    });
  expect_error(ErrorCode::MalformedModel, "num_groups",
               [&] { infer_op("GroupNormalization", types); });
}

}  // namespace
}  // namespace keel::test
