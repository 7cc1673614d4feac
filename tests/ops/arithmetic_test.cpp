// Add, Sub, Mul and Div: types, broadcasting, wrapping, epilogues.
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr const char* kOps[] = {"Add", "Sub", "Mul", "Div"};
constexpr DataType kTypes[] = {DataType::Float,    DataType::Double, DataType::Float16,
                               DataType::BFloat16, DataType::Int8,   DataType::Int16,
                               DataType::Int32,    DataType::Int64,  DataType::Uint8,
                               DataType::Uint16,   DataType::Uint32, DataType::Uint64};

struct Shapes {
  Shape a, b;
};
const Shapes kShapes[] = {
    {{}, {}},
    {{3, 17}, {3, 17}},
    {{2, 3, 5}, {}},
    {{}, {4, 33}},
    {{2, 3, 4, 5}, {3, 1, 1}},
    {{3, 1, 1}, {2, 3, 4, 5}},
    {{4, 1}, {1, 35}},
    {{2, 3, 1, 5}, {1, 3, 4, 1}},
    {{1, 2, 1, 2, 1, 3}, {2, 3, 2, 2, 1}},
    {{2, 0, 3}, {1, 1}},
    {{5, 1}, {0}},
};

TEST(Arithmetic, BroadcastsBothWays) {
  for (const char* op : kOps)
    for (const Shapes& shapes : kShapes) {
      SCOPED_TRACE(op);
      Random random(1);
      check_operator(op, {random_tensor(random, DataType::Float, shapes.a, 1, 2),
                          random_tensor(random, DataType::Float, shapes.b, 1, 2)});
    }
}

TEST(Arithmetic, HasEveryNumericType) {
  for (const char* op : kOps)
    for (const DataType type : kTypes) {
      Random random(2);
      const Tensor a = random_tensor(random, type, {3, 19}, 1, 120);
      check_operator(op, {a, random_tensor(random, type, {3, 19}, 1, 120)});
      check_operator(op, {a, random_tensor(random, type, {3, 1}, 1, 120)});
      check_operator(op, {random_tensor(random, type, {19}, 1, 120), a});
    }
}

TEST(Arithmetic, LegacyAxis) {
  Random random(3);
  for (const char* op : kOps) {
    const Tensor a = random_tensor(random, DataType::Float, {2, 3, 4, 5}, 1, 2);
    for (const auto& [axis, b] : std::map<std::int64_t, Shape>{{1, {3}}, {-2, {4}}, {0, {2, 3}}})
      check_operator(op, {a, random_tensor(random, DataType::Float, b, 1, 2)}, {{"axis", axis}});
    EXPECT_THROW(run_operator(op, {a, a}, {{"axis", std::int64_t{1}}}), Error);
  }
}

template <typename T>
void wraps(const char* op, T a, T b, T expected) {
  const Tensor y = run_operator(op, {make_tensor<T>({1}, {a}), make_tensor<T>({1}, {b})})[0];
  EXPECT_EQ(y.data_as<T>()[0], expected) << op;
}

TEST(Arithmetic, IntegersWrap) {
  wraps<std::int8_t>("Add", 127, 1, -128);
  wraps<std::uint8_t>("Sub", 0, 1, 255);
  wraps<std::int16_t>("Mul", -32768, -1, -32768);
  wraps<std::uint16_t>("Mul", 65535, 65535, 1);
  wraps<std::int32_t>("Add", INT32_MAX, 1, INT32_MIN);
  wraps<std::int64_t>("Mul", INT64_MIN, -1, INT64_MIN);
  wraps<std::int8_t>("Div", -128, -1, -128);
  wraps<std::int32_t>("Div", INT32_MIN, -1, INT32_MIN);
  wraps<std::int64_t>("Div", INT64_MIN, -1, INT64_MIN);
  wraps<std::int32_t>("Div", -7, 2, -3);
  wraps<std::uint64_t>("Div", UINT64_MAX, UINT64_MAX, 1);
}

TEST(Arithmetic, DivisionByZero) {
  const Tensor zero = make_tensor<std::int32_t>({}, {0});
  const Tensor ones = make_tensor<std::int32_t>({3}, {1, 2, 3});
  for (const auto& inputs : {std::vector<Tensor>{ones, zero},
                             {zero, zero},
                             {ones, make_tensor<std::int32_t>({3}, {1, 0, 1})}}) {
    try {
      run_operator("Div", inputs);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::BadInput);
      EXPECT_EQ(error.op(), "Div");
    }
  }
  check_operator("Div", {make_tensor<float>({3}, {1, 0, -1}), make_tensor<float>({}, {0})});
}

TEST(Arithmetic, RefusesWhatDoesNotFit) {
  const Tensor a = make_tensor<float>({2}, {1, 2}), b = make_tensor<float>({3}, {1, 2, 3});
  for (const char* op : kOps) {
    EXPECT_THROW(run_operator(op, {a, b}), Error);
    EXPECT_THROW(run_operator(op, {a, make_tensor<double>({2}, {1, 2})}), Error);
    EXPECT_THROW(run_operator(op, {make_tensor<bool>({1}, {true}), make_tensor<bool>({1}, {true})}),
                 Error);
    EXPECT_THROW(run_operator(op, {a}), Error);
  }
}

}  // namespace
}  // namespace keel::test
