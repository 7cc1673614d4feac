// BatchNormalization in front of padded convolutions, of sizes that only a run knows: nothing of it
// is left, and results are those of the graph as it stands.
#include <gtest/gtest.h>

#include "runtime/folding/records.h"
#include "runtime/model.h"
#include "runtime/optimizer.h"
#include "tests/support/compare.h"
#include "tests/support/model_builder.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(23);

Tensor random(Shape shape, double low = -1, double high = 1) {
  return random_tensor(source, DataType::Float, std::move(shape), low, high);
}

// x -> BatchNormalization -> Conv -> Relu -> y
ModelBuilder bn_conv(const Sizes& x, const Shape& W, Attributes attributes,
                     std::int64_t group = 1) {
  ModelBuilder m(17);
  const std::int64_t C = x[1].size;
  m.input("x", x).constant("w", random(W)).constant("b", random({W[0]}));
  m.constant("s", random({C}, -2, 2)).constant("t", random({C})).constant("mean", random({C}));
  m.constant("var", random({C}, 0.2, 3));
  m.node("BatchNormalization", {"x", "s", "t", "mean", "var"}, {"n"});
  attributes["group"] = group;
  m.node("Conv", {"n", "w", "b"}, {"c"}, attributes).node("Relu", {"c"}, {"y"}).output("y");
  return m;
}

// Operators of the graph as it runs.
std::vector<std::string> running_ops(const ModelBuilder& m) {
  Graph graph = m.graph();
  std::vector<Decision> decisions;
  const Graph original = graph;
  optimize(graph, {}, {Phase::Fold, Phase::Fuse}, decisions);
  for (const auto& record : folding::fold_records(original, decisions)) {
    EXPECT_EQ(record.status, "folded") << record.code << " " << record.message;
    EXPECT_EQ(record.message, "folded into 'c'");
  }
  std::vector<std::string> ops;
  for (NodeId id : graph.order) ops.push_back(graph.nodes[id].op_type);
  return ops;
}

void expect_same(const ModelBuilder& m, const std::vector<Shape>& shapes) {
  Options plain;
  plain.opt = OptLevel::None;
  const Model model = m.load(), reference = m.load(plain);
  for (const Shape& shape : shapes) {
    const Tensor x = random(shape);
    const auto got = model.run({{"x", x}}), expected = reference.run({{"x", x}});
    EXPECT_EQ(nme_difference(got.at("y"), expected.at("y"), 1e-5), "") << to_string(shape);
  }
}

TEST(FoldBorder, SizesOfTheRun) {
  const Sizes any = {"N", 4, "H", "W"};
  const std::vector<Shape> shapes = {{1, 4, 6, 5}, {2, 4, 9, 17}, {1, 4, 2, 3}, {3, 4, 6, 5}};
  const std::string same = "SAME_LOWER";
  const std::pair<Shape, Attributes> rows[] = {
      {{5, 4, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}},
      {{5, 4, 3, 3}, {{"pads", Ints{2, 0, 1, 3}}, {"strides", Ints{2, 1}}}},
      {{5, 4, 3, 2}, {{"pads", Ints{2, 2, 2, 2}}, {"dilations", Ints{2, 3}}}},
      {{20, 4, 4, 3}, {{"auto_pad", same}, {"strides", Ints{2, 2}}}},
  };
  for (const auto& [W, attributes] : rows) {
    const ModelBuilder m = bn_conv(any, W, attributes);
    EXPECT_EQ(running_ops(m), (std::vector<std::string>{"Border", "Conv"}));
    expect_same(m, shapes);
  }
}

TEST(FoldBorder, GroupsAndChannelBlocks) {
  const Sizes any = {"N", 32, "H", "W"};
  const Attributes padded = {{"pads", Ints{1, 1, 1, 1}}};
  for (const std::int64_t group : {1, 2, 32}) {
    const ModelBuilder m = bn_conv(any, {32, 32 / group, 3, 3}, padded, group);
    EXPECT_EQ(running_ops(m), (std::vector<std::string>{"Border", "Conv"}));
    expect_same(m, {{1, 32, 8, 9}, {2, 32, 7, 7}});
  }
}

// A file holds the border as a constant for one image; a run repeats it once, not in every run.
TEST(FoldBorder, KnownSizesOfSeveralImages) {
  const ModelBuilder m = bn_conv({"N", 16, 6, 5}, {16, 16, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}});
  EXPECT_EQ(running_ops(m), (std::vector<std::string>{"Shape", "Concat", "Expand", "Conv"}));
  expect_same(m, {{1, 16, 6, 5}, {3, 16, 6, 5}});
}

// Many features of few channels: reading the border would cost more than the shift does.
TEST(FoldBorder, NotWhereItCostsMore) {
  const ModelBuilder m = bn_conv({"N", 3, "H", "W"}, {64, 3, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}});
  Graph graph = m.graph();
  std::vector<Decision> decisions;
  optimize(graph, {}, {Phase::Fold, Phase::Fuse}, decisions);
  const auto records = folding::fold_records(m.graph(), decisions);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, "partial");
  EXPECT_EQ(records[0].code, "PADDED_CONSUMER");
  expect_same(m, {{1, 3, 8, 9}});
}

TEST(FoldBorder, AFileSaysWhatARunWillFold) {
  Graph graph = bn_conv({"N", 4, "H", "W"}, {5, 4, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}).graph();
  const Graph original = graph;
  std::vector<Decision> decisions;
  optimize(graph, {}, {Phase::Fold}, decisions);
  const auto records = folding::fold_records(original, decisions);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, "partial");
  EXPECT_NE(records[0].message.find("keel run folds it"), std::string::npos) << records[0].message;
}

}  // namespace
}  // namespace keel::test
