#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Trilu, EveryDiagonal) {
  Random random(1);
  for (std::int64_t upper : {0, 1})
    for (std::int64_t k : {INT64_MIN / 2, std::int64_t{-3}, std::int64_t{-1}, std::int64_t{0},
                           std::int64_t{2}, std::int64_t{9}, INT64_MAX / 2})
      for (const Shape& shape : {Shape{3, 4}, Shape{5, 2}, Shape{2, 3, 3}, Shape{2, 0, 3}})
        check_operator(
            "Trilu",
            {random_tensor(random, DataType::Float, shape), make_tensor<std::int64_t>({}, {k})},
            {{"upper", upper}});
  for (DataType type : {DataType::Bool, DataType::Float16, DataType::Int64})
    check_operator("Trilu", {random_tensor(random, type, {4, 4}, 0, 9)});
}

TEST(Trilu, ExtremeDiagonals) {
  const Tensor x = make_tensor<float>({2, 2}, {1, 2, 3, 4});
  for (const auto& [k, kept] : {std::pair{INT64_MIN, 4}, {INT64_MAX, 0}}) {
    const Tensor y = run_operator("Trilu", {x, make_tensor<std::int64_t>({}, {k})})[0];
    int nonzero = 0;
    for (int i = 0; i < 4; ++i) nonzero += y.data_as<float>()[i] != 0;
    EXPECT_EQ(nonzero, kept);
  }
}

TEST(Trilu, RefusesVectorsAndStrings) {
  expect_error(ErrorCode::MalformedModel, "rank",
               [] { run_operator("Trilu", {Tensor(DataType::Float, {3})}); });
  expect_error(ErrorCode::Unsupported, "string", [] {
    run_operator("Trilu", {Tensor(DataType::String, {2, 2})});
  });
  expect_error(ErrorCode::BadInput, "k: expected one element", [] {
    run_operator("Trilu",
                 {Tensor(DataType::Float, {2, 2}), make_tensor<std::int64_t>({2}, {0, 1})});
  });
}

}  // namespace
}  // namespace keel::test
