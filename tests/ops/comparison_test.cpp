#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr const char* kOps[] = {"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"};
constexpr DataType kTypes[] = {DataType::Float,    DataType::Double, DataType::Float16,
                               DataType::BFloat16, DataType::Int8,   DataType::Int16,
                               DataType::Int32,    DataType::Int64,  DataType::Uint8,
                               DataType::Uint16,   DataType::Uint32, DataType::Uint64};

TEST(Comparison, AgreesWithTheOracleOnEveryType) {
  for (const char* op : kOps)
    for (const DataType type : kTypes) {
      Random random(1);
      const Tensor a = random_tensor(random, type, {3, 19}, 0, 3);
      check_operator(op, {a, a});
      check_operator(op, {a, random_tensor(random, type, {3, 1}, 0, 3)});
      check_operator(op, {random_tensor(random, type, {}, 0, 3), a});
      check_operator(
          op, {random_tensor(random, type, {0, 2}, 0, 3), random_tensor(random, type, {2}, 0, 3)});
    }
}

TEST(Comparison, NanAndExtremes) {
  const Tensor a = make_tensor<float>({5}, {NAN, NAN, 0.0f, INFINITY, -INFINITY});
  const Tensor b = make_tensor<float>({5}, {NAN, 1, -0.0f, INFINITY, INFINITY});
  const Tensor u = make_tensor<std::uint64_t>({2}, {UINT64_MAX, 1});
  const Tensor v = make_tensor<std::uint64_t>({2}, {1, UINT64_MAX});
  for (const char* op : kOps) {
    check_operator(op, {a, b});
    check_operator(op, {u, v});
  }
}

TEST(Comparison, EqualOfBoolAndStrings) {
  Tensor truths(DataType::Bool, {4});
  const unsigned char bytes[] = {0, 1, 2, 255};
  std::copy(bytes, bytes + 4, truths.data_as<unsigned char>());
  const Tensor y = run_operator("Equal", {truths, make_tensor<bool>({}, {true})})[0];
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y.data_as<bool>()[i], i != 0);

  const Tensor names = make_tensor<std::string>({2, 2}, {"a", "b", "", "a"});
  check_operator("Equal", {names, make_tensor<std::string>({}, {"a"})});
  check_operator("Equal", {make_tensor<std::string>({2}, {"a", "a"}), names});
  EXPECT_THROW(run_operator("Less", {names, names}), Error);
}

TEST(Comparison, LegacyAxis) {
  Random random(2);
  const Tensor a = random_tensor(random, DataType::Float, {2, 3, 4}, 0, 2);
  for (const char* op : {"Equal", "Less", "Greater"})
    check_operator(op, {a, random_tensor(random, DataType::Float, {3}, 0, 2)},
                   {{"axis", std::int64_t{1}}});
}

}  // namespace
}  // namespace keel::test
