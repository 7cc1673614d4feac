#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Tile, EveryAxis) {
  Random random(1);
  for (const Ints& repeats :
       {Ints{1, 1, 1}, Ints{2, 1, 1}, Ints{1, 3, 1}, Ints{1, 1, 4}, Ints{2, 3, 4}, Ints{2, 0, 1}})
    for (DataType type : {DataType::Float, DataType::Uint8, DataType::Double})
      check_operator("Tile", {random_tensor(random, type, {2, 1, 3}, 0, 9), ints(repeats)});
  check_operator("Tile", {make_tensor<float>({}, {1}), ints({})});
  check_operator("Tile", {Tensor(DataType::Float, {0, 2}), ints({3, 3})});
  check_operator("Tile", {make_tensor<std::string>({2}, {"a", "b"}), ints({2})});
}

TEST(Tile, RefusesWrongRepeats) {
  const Tensor x(DataType::Float, {3, 2});
  const auto refused = [&](const Ints& repeats, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("Tile", {x, ints(repeats)}); });
  };
  refused({2}, ErrorCode::BadInput, "expected 2 values");
  refused({2, -1}, ErrorCode::BadInput, "got -1");
  refused({INT64_MAX, 1}, ErrorCode::ResourceLimit, "overflow");
  refused({std::int64_t{1} << 40, std::int64_t{1} << 40}, ErrorCode::ResourceLimit, "");
}

}  // namespace
}  // namespace keel::test
