#include <gtest/gtest.h>

#include "runtime/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Reshape, CopiesDimsAndInfersOne) {
  struct Row {
    Shape from;
    Ints shape;
    Shape to;
    std::int64_t allow_zero = 0;
  };
  const Row rows[] = {
      {{2, 3, 4}, {24}, {24}},
      {{2, 3, 4}, {0, -1}, {2, 12}},
      {{2, 3, 4}, {4, 0, -1}, {4, 3, 2}},
      {{2, 3, 4}, {-1, 0, 0, 1}, {2, 3, 4, 1}},
      {{}, {1, -1}, {1, 1}},
      {{1}, {}, {}},
      {{0, 3}, {3, 0}, {3, 0}, 1},
  };
  Random random(1);
  for (const Row& row : rows) {
    SCOPED_TRACE(to_string(row.from) + " to " + to_string(row.shape));
    const Tensor x = random_tensor(random, DataType::Float, row.from);
    const Attributes attributes = {{"allowzero", row.allow_zero}};
    EXPECT_EQ(run_operator("Reshape", {x, ints(row.shape)}, attributes)[0].shape(), row.to);
    check_operator("Reshape", {x, ints(row.shape)}, attributes);
  }
}

TEST(Reshape, InfersADimOfAnEmptyTensor) {
  const auto shape_of = [](const Shape& from, const Ints& shape) {
    return run_operator("Reshape", {Tensor(DataType::Float, from), ints(shape)})[0].shape();
  };
  EXPECT_EQ(shape_of({0, 3}, {0, -1}), (Shape{0, 3}));
  EXPECT_EQ(shape_of({2, 0}, {-1, 5}), (Shape{0, 5}));
}

TEST(Reshape, MovesStringsAndPackedElements) {
  const Tensor texts = make_tensor<std::string>({2, 1}, {"a", "a text that is on the heap"});
  check_operator("Reshape", {texts, ints({2})});
  Tensor packed(DataType::Int4, {3});
  packed.data_as<std::uint8_t>()[0] = 0x21;
  packed.data_as<std::uint8_t>()[1] = 0x03;
  const Tensor y = run_operator("Reshape", {packed, ints({1, 3})})[0];
  EXPECT_EQ(y.shape(), (Shape{1, 3}));
  EXPECT_EQ(y.data_as<std::uint8_t>()[0], 0x21);
}

TEST(Reshape, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {2, 3});
  const auto refused = [&](const Ints& shape, const char* fragment,
                           ErrorCode code = ErrorCode::BadInput) {
    expect_error(code, fragment, [&] { run_operator("Reshape", {x, ints(shape)}); });
  };
  refused({-1, -1}, "more than one -1");
  refused({7}, "numbers of elements differ");
  refused({-1, 4}, "6 elements in groups of 4");
  refused({-1, 0, 0, 0}, "no dim to copy");
  refused({-2, 3}, "-2 is no size");
  refused({INT64_MIN}, "is no size");
  refused({INT64_MAX, INT64_MAX}, "overflow", ErrorCode::ResourceLimit);
  refused({INT64_MAX}, "differ");
  refused(Ints(33, 1), "differ");
  expect_error(ErrorCode::BadInput, "-1 beside 0", [&] {
    run_operator("Reshape", {Tensor(DataType::Float, {0, 3}), ints({3, 0, -1})},
                 {{"allowzero", std::int64_t{1}}});
  });
  expect_error(ErrorCode::Unsupported, "rank 34", [&] {
    Ints shape(34, 1);
    shape[0] = 6;
    run_operator("Reshape", {x, ints(shape)});
  });
  expect_error(ErrorCode::Unsupported, "float", [&] {
    run_operator("Reshape", {x, make_tensor<float>({1}, {6})});
  });
}

}  // namespace
}  // namespace keel::test
