#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(7);

TEST(ArgReduce, EveryAxisWithTies) {
  for (const char* op : {"ArgMax", "ArgMin"})
    for (DataType type : {DataType::Float, DataType::Double, DataType::Int32, DataType::Uint8})
      for (std::int64_t axis : {0, 1, -1})
        for (std::int64_t last : {0, 1})
          check_operator(op, {random_tensor(source, type, {3, 7, 5}, 0, 4)},
                         {{"axis", axis}, {"select_last_index", last}, {"keepdims", last}});
}

TEST(ArgReduce, WideRowsUseStrips) {
  for (const std::int64_t width : {63, 64, 65, 300})
    for (const DataType type : {DataType::Float, DataType::Int16, DataType::Float16})
      check_operator("ArgMax", {random_tensor(source, type, {2, 5, width}, 0, 4)},
                     {{"axis", std::int64_t{1}}});
  check_operator("ArgMin", {random_tensor(source, DataType::Float, {3, 2, 0}, 0, 4)},
                 {{"axis", std::int64_t{1}}});
}

TEST(ArgReduce, LongRowsUseLanes) {
  for (const std::int64_t length : {15, 16, 17, 32, 100, 1000})
    for (const char* op : {"ArgMax", "ArgMin"})
      for (const std::int64_t last : {0, 1})
        for (const double values : {0.0, 3.0, 1000.0}) {
          const Tensor x = random_tensor(source, DataType::Int32, {3, length}, 0, values);
          check_operator(op, {x}, {{"axis", std::int64_t{1}}, {"select_last_index", last}});
        }
  std::vector<float> values(50, 1);
  values[17] = values[35] = NAN;
  const Tensor x = make_tensor<float>({50}, values);
  EXPECT_EQ(run_operator("ArgMin", {x})[0].data_as<std::int64_t>()[0], 17);
  EXPECT_EQ(run_operator("ArgMax", {x}, {{"select_last_index", std::int64_t{1}}})[0]
                .data_as<std::int64_t>()[0],
            35);
}

TEST(ArgReduce, NaNIsBeyondEveryNumber) {
  const Tensor x = make_tensor<float>({4}, {1, NAN, 9, NAN});
  for (const char* op : {"ArgMax", "ArgMin"}) {
    EXPECT_EQ(run_operator(op, {x})[0].data_as<std::int64_t>()[0], 1);
    EXPECT_EQ(run_operator(op, {x}, {{"select_last_index", std::int64_t{1}}})[0]
                  .data_as<std::int64_t>()[0],
              3);
  }
}

TEST(ArgReduce, RefusesAnEmptyAxis) {
  EXPECT_THROW(
      run_operator("ArgMax", {Tensor(DataType::Float, {2, 0})}, {{"axis", std::int64_t{1}}}),
      Error);
}

}  // namespace
}  // namespace keel::test
