#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Expand, Broadcasts) {
  struct Row {
    Shape from;
    Ints shape;
  };
  const Row rows[] = {{{3, 1}, {3, 4}}, {{3, 1}, {2, 1, 6}}, {{1}, {2, 3, 4}},
                      {{}, {3, 3}},     {{2, 3}, {1}},       {{2, 3}, {}},
                      {{1, 5}, {7, 1}}, {{1, 3}, {0, 3}},    {{4, 1, 3}, {1, 5, 3}},
                      {{}, {}}};
  Random random(1);
  for (const Row& row : rows)
    for (DataType type : {DataType::Float, DataType::Bool, DataType::Int64, DataType::Float16})
      check_operator("Expand", {random_tensor(random, type, row.from, 0, 9), ints(row.shape)});
  check_operator("Expand", {make_tensor<std::string>({1, 2}, {"a", "b"}), ints({2, 2})});
}

TEST(Expand, RefusesWhatDoesNotBroadcast) {
  const Tensor x(DataType::Float, {3, 2});
  const auto refused = [&](const Ints& shape, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("Expand", {x, ints(shape)}); });
  };
  refused({3, 4}, ErrorCode::BadInput, "do not broadcast");
  refused({-1, 3, 2}, ErrorCode::BadInput, "-1 is no size");
  refused(Ints(33, 1), ErrorCode::Unsupported, "33 dims");
  refused({std::int64_t{1} << 62, 3, 2}, ErrorCode::ResourceLimit, "");
}

}  // namespace
}  // namespace keel::test
