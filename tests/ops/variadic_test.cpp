#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr const char* kOps[] = {"Min", "Max", "Sum", "Mean"};

TEST(Variadic, AgreesWithTheOracle) {
  const std::vector<std::vector<Shape>> rows = {
      {{3, 17}},
      {{3, 17}, {3, 17}},
      {{3, 17}, {3, 17}, {3, 17}, {3, 17}, {3, 17}},
      {{}, {}},
      {{}, {2, 5}, {5}},
      {{5}, {1, 5}, {3, 1}, {}},
      {{2, 3, 1}, {1, 3, 4}, {2, 1, 1}},
      {{0, 3}, {3}, {1}},
      {{60, 70}, {70}, {60, 1}},
  };
  for (const char* op : kOps)
    for (const auto& shapes : rows)
      for (const DataType type :
           {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16}) {
        Random random(1);
        std::vector<Tensor> inputs;
        for (const Shape& shape : shapes)
          inputs.push_back(random_tensor(random, type, shape, -2, 2));
        check_operator(op, inputs);
      }
}

TEST(Variadic, ExtremesOfIntegers) {
  for (const char* op : {"Min", "Max"})
    for (const DataType type :
         {DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64, DataType::Uint8,
          DataType::Uint16, DataType::Uint32, DataType::Uint64}) {
      Random random(2);
      check_operator(
          op, {random_tensor(random, type, {3, 9}, 0, 100),
               random_tensor(random, type, {9}, 0, 100), random_tensor(random, type, {}, 0, 100)});
    }
  const Tensor integer = make_tensor<std::int32_t>({1}, {1});
  EXPECT_THROW(run_operator("Sum", {integer, integer}), Error);
}

TEST(Variadic, NanWins) {
  const Tensor a = make_tensor<float>({4}, {NAN, 1, INFINITY, NAN});
  const Tensor b = make_tensor<float>({4}, {1, NAN, -INFINITY, NAN});
  for (const char* op : kOps) {
    check_operator(op, {a, b});
    check_operator(op, {make_tensor<double>({2}, {NAN, 1}), make_tensor<double>({2}, {1, NAN})});
  }
}

TEST(Variadic, RefusesWhatDoesNotFit) {
  const Tensor a = make_tensor<float>({2}, {1, 2});
  for (const char* op : kOps) {
    EXPECT_THROW(run_operator(op, {a, make_tensor<float>({3}, {1, 2, 3})}), Error);
    EXPECT_THROW(run_operator(op, {a, make_tensor<double>({2}, {1, 2})}), Error);
    EXPECT_THROW(run_operator(op, {}), Error);
  }
}

}  // namespace
}  // namespace keel::test
