#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(7);

TEST(CumSum, EveryAxisAndDirection) {
  for (DataType type : {DataType::Float, DataType::Double, DataType::Int32, DataType::Int64})
    for (std::int32_t axis : {0, 1, -1})
      for (std::int64_t exclusive : {0, 1})
        for (std::int64_t reverse : {0, 1})
          check_operator(
              "CumSum",
              {random_tensor(source, type, {3, 5, 4}, 0, 9), make_tensor<std::int32_t>({}, {axis})},
              {{"exclusive", exclusive}, {"reverse", reverse}});
}

TEST(CumSum, RefusesAnAxisOutOfRange) {
  EXPECT_THROW(run_operator("CumSum", {random_tensor(source, DataType::Float, {3}),
                                       make_tensor<std::int32_t>({}, {1})}),
               Error);
}

}  // namespace
}  // namespace keel::test
