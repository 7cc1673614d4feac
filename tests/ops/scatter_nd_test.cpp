#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(ScatterND, SlicesAndElements) {
  Random random(1);
  struct Row {
    Shape indices, updates;
  };
  const Row rows[] = {{{2, 1}, {2, 4, 5}}, {{1}, {4, 5}}, {{2, 3, 2}, {2, 3, 5}}, {{6, 3}, {6}},
                      {{0, 2}, {0, 5}},    {{3}, {}},     {{2, 0}, {2, 3, 4, 5}}};
  for (const Row& row : rows)
    for (DataType type : {DataType::Float, DataType::Int8, DataType::Uint64})
      for (const char* reduction : {"none", "add", "mul", "min", "max"})
        check_operator("ScatterND",
                       {random_tensor(random, type, {3, 4, 5}, 0, 5),
                        random_tensor(random, DataType::Int64, row.indices, -3, 2),
                        random_tensor(random, type, row.updates, 0, 5)},
                       {{"reduction", std::string(reduction)}});
}

TEST(ScatterND, Strings) {
  check_operator("ScatterND", {make_tensor<std::string>({2, 2}, {"a", "b", "c", "d"}),
                               make_tensor<std::int64_t>({1, 1}, {1}),
                               make_tensor<std::string>({1, 2}, {"", "x"})});
}

TEST(ScatterND, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {3, 4});
  const auto refused = [&](const Tensor& indices, const Tensor& updates, const char* fragment) {
    expect_error(ErrorCode::BadInput, fragment, [&] {
      run_operator("ScatterND", {x, indices, updates});
    });
  };
  refused(make_tensor<std::int64_t>({1}, {3}), Tensor(DataType::Float, {4}), "index 3");
  refused(make_tensor<std::int64_t>({3}, {0, 0, 0}), make_tensor<float>({}, {0}), "3 coordinates");
  refused(make_tensor<std::int64_t>({1}, {0}), Tensor(DataType::Float, {3}), "expected shape [4]");
  refused(make_tensor<std::int64_t>({1}, {0}), Tensor(DataType::Int32, {4}), "expected type float");
}

}  // namespace
}  // namespace keel::test
