// A convolution and the max pooling behind it become one node where that is faster and allowed, and
// the result stays what the oracle says.
#include <gtest/gtest.h>

#include "runtime/model.h"
#include "tests/support/compare.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Random source(33);
constexpr std::int64_t kSide = 171;

// x [n, 3, 171, 171] -> c [n, 48, 86, 86] -> r -> y
ModelBuilder stem(const Size& n, const Attributes& pool) {
  ModelBuilder m;
  m.input("x", Sizes{n, 3, kSide, kSide});
  m.constant("w", random_tensor(source, DataType::Float, {48, 3, 7, 7}));
  m.constant("b", random_tensor(source, DataType::Float, {48}));
  m.node("Conv", {"x", "w", "b"}, {"c"}, {{"strides", Ints{2, 2}}, {"pads", Ints{3, 3, 3, 3}}});
  m.node("Relu", {"c"}, {"r"});
  m.node("MaxPool", {"r"}, {"y"}, pool);
  return m;
}

const Attributes kPool = {
    {"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}};

std::size_t joined(const ModelBuilder& m) {
  Graph graph = m.graph();
  std::vector<Decision> decisions;
  optimize_for_running(graph, {}, decisions);
  std::size_t count = 0;
  for (const Decision& decision : decisions) count += decision.pass == "fuse_pool" && decision.done;
  return count;
}

void check(const ModelBuilder& m, std::int64_t images, std::size_t expected) {
  EXPECT_EQ(joined(m), expected);
  check_graph(m.graph(), {{"x", random_tensor(source, DataType::Float, {images, 3, kSide, kSide})}},
              2e-5);
}

TEST(FusePool, FirstConvolution) { check(stem("N", kPool).output("y"), 2, 1); }

TEST(FusePool, CeilMode) {
  check(stem(1, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"ceil_mode", 1}})
            .output("y"),
        1, 1);
}

TEST(FusePool, AutoPad) {
  check(stem(1, {{"kernel_shape", Ints{2, 2}}, {"auto_pad", "SAME_UPPER"}}).output("y"), 1, 1);
}

TEST(FusePool, NotWhereTheTensorBetweenIsUsed) {
  check(stem(1, kPool).output("y").output("r"), 1, 0);
}

TEST(FusePool, NotWithIndices) {
  ModelBuilder m = stem(1, kPool);
  m.node("MaxPool", {"r"}, {"z", "i"}, kPool).output("z").output("i");
  check(m, 1, 0);
}

TEST(FusePool, NotBehindAResidual) {
  ModelBuilder m = stem(1, kPool);
  m.constant("v", random_tensor(source, DataType::Float, {48, 3, 3, 3}));
  m.node("Conv", {"x", "v"}, {"d"}, {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}});
  m.node("Add", {"c", "d"}, {"s"}).node("MaxPool", {"s"}, {"z"}, kPool).output("z");
  check(m, 1, 0);
}

}  // namespace
}  // namespace keel::test
