#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

struct Row {
  Shape condition, a, b;
};
const Row kRows[] = {
    {{}, {}, {}},           {{3, 17}, {3, 17}, {3, 17}},
    {{3, 17}, {}, {3, 17}}, {{3, 17}, {3, 17}, {1}},
    {{3, 17}, {}, {1, 1}},  {{3, 1}, {1, 17}, {3, 17}},
    {{}, {3, 17}, {17}},    {{2, 1, 4, 1}, {3, 1, 5}, {1, 1, 1}},
    {{1}, {2, 3}, {2, 3}},  {{0, 3}, {1, 3}, {3}},
};

TEST(Where, BroadcastsAllThree) {
  for (const Row& row : kRows) {
    Random random(1);
    check_operator("Where", {random_tensor(random, DataType::Bool, row.condition),
                             random_tensor(random, DataType::Float, row.a),
                             random_tensor(random, DataType::Float, row.b)});
  }
}

TEST(Where, HasEveryType) {
  for (const DataType type :
       {DataType::Double, DataType::Float16, DataType::BFloat16, DataType::Int8, DataType::Int16,
        DataType::Int32, DataType::Int64, DataType::Uint8, DataType::Uint16, DataType::Uint32,
        DataType::Uint64, DataType::Bool}) {
    Random random(2);
    check_operator("Where", {random_tensor(random, DataType::Bool, {5, 7}),
                             random_tensor(random, type, {5, 7}, 0, 100),
                             random_tensor(random, type, {7}, 0, 100)});
  }
  check_operator("Where",
                 {make_tensor<bool>({2}, {true, false}), make_tensor<std::string>({}, {"yes"}),
                  make_tensor<std::string>({2}, {"no", "never"})});
}

TEST(Where, CopiesSixteenBytesAndAnyTrueByte) {
  Tensor condition(DataType::Bool, {2}), a(DataType::Complex128, {2}), b(DataType::Complex128, {2});
  condition.data_as<unsigned char>()[0] = 0;
  condition.data_as<unsigned char>()[1] = 7;
  for (int i = 0; i < 4; ++i) {
    a.data_as<double>()[i] = i;
    b.data_as<double>()[i] = 10 + i;
  }
  const Tensor y = run_operator("Where", {condition, a, b})[0];
  const double expected[] = {10, 11, 2, 3};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y.data_as<double>()[i], expected[i]);
}

TEST(Where, RefusesWhatDoesNotFit) {
  const Tensor c = make_tensor<bool>({2}, {true, false}), x = make_tensor<float>({2}, {1, 2});
  EXPECT_THROW(run_operator("Where", {x, x, x}), Error);
  EXPECT_THROW(run_operator("Where", {c, x, make_tensor<double>({2}, {1, 2})}), Error);
  EXPECT_THROW(run_operator("Where", {c, x, make_tensor<float>({3}, {1, 2, 3})}), Error);
  EXPECT_THROW(run_operator("Where", {c, x}), Error);
}

}  // namespace
}  // namespace keel::test
