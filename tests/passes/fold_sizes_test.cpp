// Arithmetic on sizes in models of variable batch: what is known of it becomes constant, and the
// results stay what the oracle says.
#include <gtest/gtest.h>

#include "tests/support/operator_check.h"
#include "tests/support/operators_after.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(11);

Tensor ints(Ints values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}
Tensor number(std::int64_t value) { return make_tensor<std::int64_t>({}, {value}); }

// x [N, 6, 8] and its shape s.
ModelBuilder model() {
  ModelBuilder m;
  m.input("x", Sizes{Size(std::string("N")), 6, 8}).node("Shape", {"x"}, {"s"});
  return m;
}

void check(const ModelBuilder& m, const std::vector<std::string>& operators) {
  const Graph graph = m.graph();
  EXPECT_EQ(operators_after(graph), operators);
  for (std::int64_t n : {3, 1})
    check_graph(graph, {{"x", random_tensor(source, DataType::Float, {n, 6, 8})}});
}

// Reshapes x to what the nodes before have put into `sizes`, and back.
ModelBuilder& reshape(ModelBuilder& m, const std::string& sizes) {
  m.node("Reshape", {"x", sizes}, {"r"}).node("Relu", {"r"}, {"y"});
  return m.output("y");
}

TEST(FoldSizes, ReshapeToDimsOfTheInput) {
  ModelBuilder m = model();
  m.constant("zero", number(0)).constant("one", number(1)).constant("axis", ints({0}));
  m.constant("four", ints({4})).constant("two", ints({2}));
  m.node("Gather", {"s", "zero"}, {"n"}).node("Gather", {"s", "one"}, {"h"});
  m.node("Unsqueeze", {"n", "axis"}, {"n1"}).node("Unsqueeze", {"h", "axis"}, {"h1"});
  m.node("Concat", {"n1", "h1", "four", "two"}, {"to"}, {{"axis", std::int64_t{0}}});
  check(reshape(m, "to"), {"Reshape", "Relu"});
}

TEST(FoldSizes, BySliceAndProduct) {
  ModelBuilder m = model();
  m.constant("begin", ints({-3})).constant("middle", ints({-2})).constant("end", ints({9}));
  m.constant("axis", ints({0}));
  m.node("Slice", {"s", "begin", "middle", "axis"}, {"n"});
  m.node("Slice", {"s", "middle", "end"}, {"rest"});
  m.constant("first", number(0)).constant("last", number(-1));
  m.node("Gather", {"rest", "first"}, {"h"}).node("Gather", {"rest", "last"}, {"w"});
  m.node("Mul", {"h", "w"}, {"area"}).node("Unsqueeze", {"area", "axis"}, {"area1"});
  m.node("Concat", {"n", "area1"}, {"to"}, {{"axis", std::int64_t{0}}});
  check(reshape(m, "to"), {"Reshape", "Relu"});
}

TEST(FoldSizes, SizesThatAreAllKnown) {
  ModelBuilder m = model();
  m.constant("places", ints({2, 1}));
  m.node("Gather", {"s", "places"}, {"known"}).output("known");
  m.node("Relu", {"x"}, {"y"}).output("y");
  check(m, {"Relu"});
}

// The batch in another place, or twice as large, is not what a 0 stands for.
TEST(FoldSizes, NotWhereASymbolHasMoved) {
  ModelBuilder moved = model();
  moved.constant("places", ints({1, 0, 2})).node("Gather", {"s", "places"}, {"to"});
  check(reshape(moved, "to"), {"Shape", "Gather", "Reshape", "Relu"});
  ModelBuilder doubled = model();
  doubled.constant("factors", ints({2, 1, 1})).constant("three", ints({3}));
  doubled.node("Mul", {"s", "factors"}, {"t"}).constant("halves", ints({1, 2, 1}));
  doubled.node("Div", {"t", "halves"}, {"to"});
  check(reshape(doubled, "to"), {"Shape", "Mul", "Div", "Reshape", "Relu"});
}

// Under allowzero a 0 is a size.
TEST(FoldSizes, NotUnderAllowzero) {
  ModelBuilder m = model();
  m.constant("places", ints({0, 2, 1})).node("Gather", {"s", "places"}, {"to"});
  m.node("Reshape", {"x", "to"}, {"r"}, {{"allowzero", std::int64_t{1}}});
  m.node("Relu", {"r"}, {"y"}).output("y");
  check(m, {"Shape", "Gather", "Reshape", "Relu"});
}

// The rows of a matrix of sizes are not its elements.
TEST(FoldSizes, NotThroughAMatrix) {
  ModelBuilder m = model();
  m.constant("two", ints({1, 3})).node("Reshape", {"s", "two"}, {"matrix"});
  m.constant("row", number(0)).node("Gather", {"matrix", "row"}, {"to"});
  check(reshape(m, "to"), {"Shape", "Reshape", "Gather", "Reshape", "Relu"});
}

TEST(FoldSizes, NotOutOfTheRangeOfATypeBetween) {
  ModelBuilder m = model();
  m.constant("places", ints({1, 2})).constant("factor", ints({std::int64_t{1} << 30}));
  m.node("Gather", {"s", "places"}, {"a"}).node("Mul", {"a", "factor"}, {"b"});
  m.node("Cast", {"b"}, {"c"}, {{"to", std::int64_t{6}}});
  m.node("Cast", {"c"}, {"known"}, {{"to", std::int64_t{7}}}).output("known");
  m.node("Relu", {"x"}, {"y"}).output("y");
  Graph graph = m.graph();
  check_graph(graph, {{"x", random_tensor(source, DataType::Float, {2, 6, 8})}});
}

// Attention of a model of variable batch is fused, heads and all.
TEST(FoldSizes, AttentionBehindIt) {
  ModelBuilder m = model();
  m.constant("zero", number(0)).constant("axis", ints({0})).constant("rest", ints({6, 2, 4}));
  m.constant("root", make_tensor<float>({}, {0.5f}));
  m.input("mask", Sizes{Size(std::string("N")), 1, 1, 6});
  m.node("Gather", {"s", "zero"}, {"n"}).node("Unsqueeze", {"n", "axis"}, {"n1"});
  m.node("Concat", {"n1", "rest"}, {"to"}, {{"axis", std::int64_t{0}}});
  m.node("Reshape", {"x", "to"}, {"heads"});
  m.node("Transpose", {"heads"}, {"q"}, {{"perm", Ints{0, 2, 1, 3}}});
  m.node("Transpose", {"heads"}, {"k"}, {{"perm", Ints{0, 2, 3, 1}}});
  m.node("Transpose", {"heads"}, {"v"}, {{"perm", Ints{0, 2, 1, 3}}});
  m.node("MatMul", {"q", "k"}, {"p"}).node("Mul", {"p", "root"}, {"scores"});
  m.node("Add", {"scores", "mask"}, {"masked"}).node("Softmax", {"masked"}, {"weights"});
  m.node("MatMul", {"weights", "v"}, {"y"}).output("y");
  const Graph graph = m.graph();
  EXPECT_EQ(operators_after(graph), (std::vector<std::string>{"Reshape", "Attention"}));
  check_graph(graph,
              {{"x", random_tensor(source, DataType::Float, {2, 6, 8})},
               {"mask", random_tensor(source, DataType::Float, {2, 1, 1, 6})}},
              2e-6);
}

}  // namespace
}  // namespace keel::test
