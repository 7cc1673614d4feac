#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Transpose, EveryPermutation) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {2, 5, 1, 7});
  Ints perm = {0, 1, 2, 3};
  do {
    check_operator("Transpose", {x}, {{"perm", perm}});
  } while (std::next_permutation(perm.begin(), perm.end()));
  check_operator("Transpose", {x});
  check_operator("Transpose", {make_tensor<float>({}, {3})});
  check_operator("Transpose", {Tensor(DataType::Float, {3, 0, 2})}, {{"perm", Ints{2, 0, 1}}});
}

TEST(Transpose, EveryElementSize) {
  Random random(1);
  for (DataType type : {DataType::Bool, DataType::Int8, DataType::Float16, DataType::BFloat16,
                        DataType::Int16, DataType::Int32, DataType::Double, DataType::Uint64})
    check_operator("Transpose", {random_tensor(random, type, {3, 17, 65}, 0, 100)},
                   {{"perm", Ints{2, 0, 1}}});
  check_operator("Transpose", {make_tensor<std::string>({2, 2}, {"a", "b", "c", ""})});
}

TEST(Transpose, RefusesWhatIsNoPermutation) {
  const Tensor x(DataType::Float, {2, 3});
  for (const Ints& perm : {Ints{0, 0}, Ints{0, 2}, Ints{-1, 0}, Ints{INT64_MIN, 0}})
    expect_error(ErrorCode::MalformedModel, "is no permutation", [&] {
      run_operator("Transpose", {x}, {{"perm", perm}});
    });
  for (const Ints& perm : {Ints{0}, Ints{}, Ints{0, 1, 2}})
    expect_error(ErrorCode::MalformedModel, "expected 2 values", [&] {
      run_operator("Transpose", {x}, {{"perm", perm}});
    });
  expect_error(ErrorCode::Unsupported, "int4", [&] {
    run_operator("Transpose", {Tensor(DataType::Int4, {2, 3})});
  });
}

}  // namespace
}  // namespace keel::test
