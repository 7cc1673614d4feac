// MaxPool, AveragePool, LpPool against the oracle; sizes; refusals.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_check.h"
#include "tests/support/run_node.h"

namespace keel::test {
namespace {

std::string same_upper() { return "SAME_UPPER"; }

struct Row {
  Shape x;
  Attributes attributes;
};

std::vector<Row> rows() {
  return {
      {{2, 19, 7, 9}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}}},
      {{1, 16, 8, 8},
       {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}},
      {{1, 33, 6, 5}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
      {{1, 5, 9, 10}, {{"kernel_shape", Ints{3, 2}}, {"pads", Ints{0, 1, 2, 0}}}},
      {{1, 5, 9, 10}, {{"kernel_shape", Ints{2, 3}}, {"dilations", Ints{3, 2}}}},
      {{1, 5, 9, 10},
       {{"kernel_shape", Ints{3, 3}}, {"dilations", Ints{2, 2}}, {"pads", Ints{2, 1, 1, 3}}}},
      {{1, 5, 9, 10},
       {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 3}}, {"ceil_mode", std::int64_t{1}}}},
      {{1, 5, 7, 7},
       {{"kernel_shape", Ints{3, 3}},
        {"strides", Ints{3, 3}},
        {"pads", Ints{1, 1, 1, 1}},
        {"ceil_mode", std::int64_t{1}}}},
      {{1, 4, 9, 10}, {{"kernel_shape", Ints{4, 3}}, {"auto_pad", same_upper()}}},
      {{1, 4, 9, 10},
       {{"kernel_shape", Ints{4, 3}},
        {"strides", Ints{2, 2}},
        {"auto_pad", std::string("SAME_LOWER")}}},
      {{1, 4, 9, 10}, {{"kernel_shape", Ints{4, 3}}, {"auto_pad", std::string("VALID")}}},
      {{1, 20, 20, 18}, {{"kernel_shape", Ints{5, 5}}, {"pads", Ints{2, 2, 2, 2}}}},
      {{2, 3, 12}, {{"kernel_shape", Ints{5}}, {"strides", Ints{2}}, {"pads", Ints{2, 2}}}},
      {{1, 18, 5, 6, 7}, {{"kernel_shape", Ints{2, 3, 2}}, {"pads", Ints{1, 1, 0, 0, 1, 1}}}},
      {{0, 3, 8, 8}, {{"kernel_shape", Ints{2, 2}}}},
  };
}

TEST(Pool, MatchesOracle) {
  std::uint64_t seed = 1;
  for (const Row& row : rows()) {
    const Tensor x = seeded(seed++, row.x);
    for (const char* op : {"MaxPool", "AveragePool", "LpPool"})
      check_operator(op, {x}, row.attributes);
    check_operator("AveragePool", {seeded(seed, row.x, -1, 1, DataType::Double)}, row.attributes);
    Attributes included = row.attributes;
    included["count_include_pad"] = std::int64_t{1};
    check_operator("AveragePool", {x}, included);
  }
}

TEST(Pool, EveryLayout) {
  std::uint64_t seed = 100;
  for (const Row& row : rows())
    for (const char* op : {"MaxPool", "AveragePool", "LpPool"}) {
      if (row.x[0] == 0) continue;
      check_node(make_node(op, row.attributes, 1), {seeded(seed++, row.x)}, 1, 1);
    }
}

TEST(Pool, FourSpatialAxes) {
  const Tensor x = seeded(1, {1, 2, 4, 1, 4, 5});
  const Tensor same(DataType::Float, {1, 2, 4, 4, 5}, const_cast<void*>(x.data()), nullptr);
  for (const char* op : {"MaxPool", "AveragePool"}) {
    const Tensor got = run_op(op, {x}, {{"kernel_shape", Ints{2, 1, 2, 3}}})[0];
    EXPECT_EQ(got.shape(), (Shape{1, 2, 3, 1, 3, 3}));
    const Tensor want = run_op(op, {same}, {{"kernel_shape", Ints{2, 2, 3}}})[0];
    expect_same(Tensor(DataType::Float, want.shape(), const_cast<void*>(got.data()), nullptr),
                want);
  }
}

TEST(Pool, OtherNorms) {
  const Tensor x = seeded(5, {1, 3, 8, 8});
  for (std::int64_t p : {1, 3, 4})
    check_operator("LpPool", {x}, {{"kernel_shape", Ints{3, 3}}, {"p", p}});
}

TEST(Pool, MaxOfBytesAndIndices) {
  const Shape dims = {2, 5, 6, 7};
  for (std::int64_t order : {0, 1})
    for (DataType type : {DataType::Float, DataType::Double, DataType::Int8, DataType::Uint8}) {
      const Attributes attributes{{"kernel_shape", Ints{3, 2}},
                                  {"strides", Ints{2, 1}},
                                  {"pads", Ints{1, 1, 1, 0}},
                                  {"storage_order", order}};
      check_operator("MaxPool", {seeded(9, dims, 0, 100, type)}, attributes, {2});
      check_operator("MaxPool", {seeded(9, dims, 0, 100, type)}, attributes);
    }
  // The lowest value counts as any other, and NaN as larger than all.
  const Tensor lowest = make_tensor<std::int8_t>({1, 1, 4}, {0, -128, -128, -128});
  const auto got =
      run_op("MaxPool", {lowest}, {{"kernel_shape", Ints{2}}, {"strides", Ints{2}}}, 2);
  expect_same(got[1], make_tensor<std::int64_t>({1, 1, 2}, {0, 2}));
  const Tensor nan = make_tensor<float>({1, 1, 3}, {1, NAN, 2});
  const Attributes whole{{"kernel_shape", Ints{3}}};
  EXPECT_TRUE(std::isnan(run_op("MaxPool", {nan}, whole)[0].data_as<float>()[0]));
  EXPECT_TRUE(std::isnan(run_op("MaxPool", {nan}, whole, 1, {1, 1})[0].data_as<float>()[0]));
}

TEST(Pool, InfersSymbolicShapes) {
  const Attributes keeps{{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}};
  EXPECT_EQ(infer_op("MaxPool", {type_of({-2, -3, -4, 10})}, keeps)[0].dims,
            (Shape{-2, -3, -4, 10}));
  EXPECT_EQ(
      infer_op("MaxPool", {type_of({-2, -3, -4, 10})}, {{"kernel_shape", Ints{2, 2}}}, 2)[1].dims,
      (Shape{-2, -3, -1, 9}));
}

TEST(Pool, RefusesMalformedNodes) {
  constexpr auto kMalformed = ErrorCode::MalformedModel;
  const Attributes good{{"kernel_shape", Ints{3, 3}}};
  const auto refuse = [&](ErrorCode code, const std::string& name, BuilderAttribute value) {
    Attributes attributes = good;
    attributes[name] = std::move(value);
    expect_error(code, name, [&] { infer_op("AveragePool", {type_of({1, 4, 8, 8})}, attributes); });
  };
  refuse(kMalformed, "kernel_shape", Ints{3});
  refuse(kMalformed, "kernel_shape", Ints{0, 3});
  refuse(kMalformed, "kernel_shape", Ints{INT64_MAX, 3});
  refuse(kMalformed, "pads", Ints{3, 0, 0, 0});
  refuse(kMalformed, "pads", Ints{1, 1, 1});
  refuse(kMalformed, "strides", Ints{0, 1});
  refuse(kMalformed, "auto_pad", std::string("both"));
  expect_error(ErrorCode::BadInput, "window", [&] {
    infer_op("AveragePool", {type_of({1, 4, 2, 8})}, good);
  });
  expect_error(kMalformed, "kernel_shape", [&] { infer_op("MaxPool", {type_of({1, 4, 2, 8})}); });
  expect_error(ErrorCode::Unsupported, "int32", [&] {
    infer_op("MaxPool", {type_of({1, 4, 8, 8}, DataType::Int32)}, good);
  });
}

}  // namespace
}  // namespace keel::test
