#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(DepthToSpace, BothModes) {
  Random random(1);
  for (std::int64_t b : {1, 2, 3})
    for (const char* mode : {"DCR", "CRD"})
      for (DataType type : {DataType::Float, DataType::Uint8, DataType::Double})
        check_operator("DepthToSpace", {random_tensor(random, type, {2, 5 * b * b, 3, 4}, 0, 9)},
                       {{"blocksize", b}, {"mode", std::string(mode)}});
  check_operator("DepthToSpace", {Tensor(DataType::Float, {0, 4, 3, 3})},
                 {{"blocksize", std::int64_t{2}}});
}

TEST(SpaceToDepth, EveryBlock) {
  Random random(1);
  for (std::int64_t b : {1, 2, 3})
    for (DataType type : {DataType::Float, DataType::Float16})
      check_operator("SpaceToDepth", {random_tensor(random, type, {2, 5, 3 * b, 4 * b}, 0, 9)},
                     {{"blocksize", b}});
}

TEST(DepthToSpace, RefusesWhatDoesNotDivide) {
  const auto refused = [](const char* op, const Shape& shape, std::int64_t b, ErrorCode code,
                          const char* fragment) {
    expect_error(code, fragment, [&] {
      run_operator(op, {Tensor(DataType::Float, shape)}, {{"blocksize", b}});
    });
  };
  refused("DepthToSpace", {1, 6, 2, 2}, 2, ErrorCode::BadInput, "axis 1: size 6");
  refused("SpaceToDepth", {1, 6, 2, 3}, 2, ErrorCode::BadInput, "axis 3: size 3");
  refused("SpaceToDepth", {6, 2, 3}, 2, ErrorCode::MalformedModel, "rank");
  for (std::int64_t b : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX})
    refused("DepthToSpace", {1, 4, 2, 2}, b, ErrorCode::MalformedModel, "blocksize");
}

}  // namespace
}  // namespace keel::test
