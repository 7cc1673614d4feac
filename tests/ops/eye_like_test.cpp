#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

TEST(EyeLike, EveryDiagonalAndType) {
  for (std::int64_t k : {INT64_MIN, std::int64_t{-3}, std::int64_t{-1}, std::int64_t{0},
                         std::int64_t{2}, std::int64_t{9}, INT64_MAX})
    for (DataType type : {DataType::Float, DataType::Double, DataType::Float16, DataType::Int8,
                          DataType::Int64, DataType::Bool})
      for (const Shape& shape : {Shape{3, 4}, Shape{5, 2}, Shape{0, 3}})
        check_operator("EyeLike", {Tensor(DataType::Int32, shape)},
                       {{"k", k}, {"dtype", static_cast<std::int64_t>(type)}});
  check_operator("EyeLike", {Tensor(DataType::Int32, {2, 2})});
}

TEST(EyeLike, RefusesOtherRanksAndTypes) {
  expect_error(ErrorCode::MalformedModel, "rank",
               [] { run_operator("EyeLike", {Tensor(DataType::Float, {3})}); });
  for (std::int64_t type : {std::int64_t{0}, std::int64_t{8}, std::int64_t{99}, INT64_MIN})
    expect_error(ErrorCode::Unsupported, "dtype", [&] {
      run_operator("EyeLike", {Tensor(DataType::Float, {3, 3})}, {{"dtype", type}});
    });
}

}  // namespace
}  // namespace keel::test
