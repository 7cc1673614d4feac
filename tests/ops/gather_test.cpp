#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(Gather, EveryAxisAndIndexShape) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {4, 5, 6});
  for (std::int64_t axis = -3; axis < 3; ++axis)
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0}, Shape{2, 0, 1}})
      for (DataType type : {DataType::Int32, DataType::Int64})
        check_operator("Gather", {x, random_tensor(random, type, shape, -4, 3)}, {{"axis", axis}});
}

TEST(Gather, EveryElementSize) {
  Random random(1);
  for (DataType type : {DataType::Bool, DataType::Float16, DataType::Int32, DataType::Double})
    for (const Shape& shape : {Shape{7}, Shape{7, 3}, Shape{3, 7, 40}})
      check_operator("Gather", {random_tensor(random, type, shape, 0, 9),
                                random_tensor(random, DataType::Int64, {5}, -3, 2)});
  check_operator("Gather", {make_tensor<std::string>({3}, {"a", "b", "c"}),
                            make_tensor<std::int64_t>({2}, {-1, 0})});
}

TEST(Gather, RefusesIndicesOutOfRange) {
  const Tensor x(DataType::Float, {4, 5, 0});
  const auto refused = [&](std::int64_t index, std::int64_t axis, const char* fragment) {
    expect_error(ErrorCode::BadInput, fragment, [&] {
      run_operator("Gather", {x, make_tensor<std::int64_t>({1}, {index})}, {{"axis", axis}});
    });
  };
  refused(4, 0, "index 4 is out of range for axis 0 of size 4");
  refused(-6, 1, "index -6 is out of range for axis 1 of size 5");
  refused(0, 2, "axis 2 of size 0");
  refused(INT64_MIN, 0, "out of range");
  refused(INT64_MAX, 0, "out of range");
  expect_error(ErrorCode::MalformedModel, "axis", [&] {
    run_operator("Gather", {x, make_tensor<std::int64_t>({}, {0})}, {{"axis", std::int64_t{3}}});
  });
  const Tensor deep(DataType::Float, Shape(20, 1));
  expect_error(ErrorCode::Unsupported, "rank", [&] {
    run_operator("Gather", {deep, make_tensor<std::int64_t>(Shape(20, 1), {0})});
  });
}

// A model whose indices only the run knows.
TEST(Gather, RefusesIndicesOfTheRun) {
  ModelBuilder builder;
  const Sizes three_by_two = {3, 2}, one = {1};
  builder.input("x", three_by_two).input("i", one, DataType::Int64);
  builder.node("Gather", {"x", "i"}, {"y"}).output("y");
  const Model model = builder.load();
  const auto run = [&](std::int64_t index) {
    return model.run({{"x", make_tensor<float>({3, 2}, {1, 2, 3, 4, 5, 6})},
                      {"i", make_tensor<std::int64_t>({1}, {index})}});
  };
  EXPECT_EQ(run(-1).at("y").data_as<float>()[0], 5);
  expect_error(ErrorCode::BadInput, "index 3 is out of range for axis 0 of size 3",
               [&] { run(3); });
}

}  // namespace
}  // namespace keel::test
