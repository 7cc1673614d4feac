#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Ints list(const Tensor& tensor) {
  return Ints(tensor.data_as<std::int64_t>(), tensor.data_as<std::int64_t>() + tensor.size());
}

TEST(Unique, SortedElements) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Int64, {5, 9}, 0, 20);
  const std::vector<Tensor> y = run_operator("Unique", {x}, {}, 4);
  std::map<std::int64_t, Ints> places;
  for (std::int64_t i = 0; i < x.size(); ++i) places[x.data_as<std::int64_t>()[i]].push_back(i);
  Ints values, first, inverse(static_cast<std::size_t>(x.size())), counts;
  for (const auto& [value, at] : places) {
    for (std::int64_t i : at)
      inverse[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(values.size());
    values.push_back(value);
    first.push_back(at[0]);
    counts.push_back(static_cast<std::int64_t>(at.size()));
  }
  EXPECT_EQ(list(y[0]), values);
  EXPECT_EQ(list(y[1]), first);
  EXPECT_EQ(list(y[2]), inverse);
  EXPECT_EQ(list(y[3]), counts);
}

TEST(Unique, InOrderOfOccurrence) {
  const Tensor x = make_tensor<float>({6}, {2, 1, 1, 3, 4, 3});
  const std::vector<Tensor> y = run_operator("Unique", {x}, {{"sorted", std::int64_t{0}}}, 4);
  EXPECT_EQ(std::vector<float>(y[0].data_as<float>(), y[0].data_as<float>() + 4),
            (std::vector<float>{2, 1, 3, 4}));
  EXPECT_EQ(list(y[1]), (Ints{0, 1, 3, 4}));
  EXPECT_EQ(list(y[2]), (Ints{0, 1, 1, 2, 3, 2}));
  EXPECT_EQ(list(y[3]), (Ints{1, 2, 2, 1}));
}

TEST(Unique, SlicesAlongAnAxis) {
  const Tensor x = make_tensor<std::int32_t>({2, 4, 2}, {1, 1, 0, 1, 2, 1, 0, 1,  //
                                                         1, 1, 0, 1, 2, 1, 0, 1});
  const std::vector<Tensor> y = run_operator("Unique", {x}, {{"axis", std::int64_t{-2}}}, 4);
  ASSERT_EQ(y[0].shape(), (Shape{2, 3, 2}));
  EXPECT_EQ(y[0].data_as<std::int32_t>()[0], 0);
  EXPECT_EQ(y[0].data_as<std::int32_t>()[10], 2);
  EXPECT_EQ(list(y[1]), (Ints{1, 0, 2}));
  EXPECT_EQ(list(y[2]), (Ints{1, 0, 2, 0}));
  EXPECT_EQ(list(y[3]), (Ints{2, 1, 1}));
}

TEST(Unique, SpecialElements) {
  const std::vector<Tensor> numbers =
      run_operator("Unique", {make_tensor<float>({5}, {NAN, -0.0f, 1, 0, NAN})}, {}, 4);
  EXPECT_EQ(list(numbers[1]), (Ints{1, 2, 0}));
  EXPECT_EQ(list(numbers[3]), (Ints{2, 1, 2}));
  const Tensor texts = run_operator("Unique", {make_tensor<std::string>({3}, {"b", "a", "b"})})[0];
  ASSERT_EQ(texts.size(), 2);
  EXPECT_EQ(texts.data_as<std::string>()[0], "a");
  EXPECT_EQ(run_operator("Unique", {Tensor(DataType::Float, {0})})[0].shape(), (Shape{0}));
  EXPECT_EQ(
      run_operator("Unique", {Tensor(DataType::Float, {3, 0})}, {{"axis", std::int64_t{0}}})[0]
          .shape(),
      (Shape{1, 0}));
  expect_error(ErrorCode::Unsupported, "complex64",
               [] { run_operator("Unique", {Tensor(DataType::Complex64, {2})}); });
}

}  // namespace
}  // namespace keel::test
