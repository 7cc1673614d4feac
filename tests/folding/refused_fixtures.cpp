// What must stay, and why.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

Part conv(const std::string& name, const std::string& about) {
  Part part(name, about);
  part.x(Shape{1, 3, 6, 6}).weights("w", {4, 3, 3, 3});
  part.node("Conv", {"x", "w"}, "c");
  return part;
}

Tensor four(float a, float b, float c, float d) { return make_tensor<float>({4}, {a, b, c, d}); }

// BatchNormalization of "c" with these parameters.
Part& normalise(Part& part, const Tensor& scale, const Tensor& var, float epsilon) {
  part.constant("s", scale).constant("t", four(1, 2, 3, 4)).constant("m", four(0, 1, 0, 1));
  part.constant("v", var);
  return part.node("BatchNormalization", {"c", "s", "t", "m", "v"}, "y", {{"epsilon", epsilon}});
}

void add_graphs(std::vector<FoldFixture>& list) {
  list.push_back(conv("multi_use", "the unnormalised result is used too")
                     .bn(4, "c", "y")
                     .node("Relu", {"c"}, "z")
                     .output("y")
                     .output("z")
                     .kept("y", "MULTI_USE")
                     .after(1)
                     .done());
  list.push_back(conv("graph_output", "the unnormalised result is an output")
                     .bn(4, "c", "y")
                     .output("y")
                     .output("c")
                     .kept("y", "GRAPH_OUTPUT")
                     .after(1)
                     .done());
  list.push_back(conv("activation_between", "an activation stands between")
                     .node("Sigmoid", {"c"}, "r")
                     .bn(4, "r", "y")
                     .kept("y", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(Part("no_neighbour", "no weights anywhere")
                     .x(Shape{1, 4, 6, 6})
                     .bn(4, "x", "y")
                     .kept("y", "CONSUMER_NOT_FOLDABLE")
                     .after(1)
                     .done());
  Part weight("dynamic_weight", "weights are an input");
  weight.x(Shape{1, 3, 6, 6});
  weight.model().input("w", Sizes{4, 3, 3, 3});
  Tensor W = random_tensor(weight.random(), DataType::Float, {4, 3, 3, 3});
  FoldFixture fixture = weight.node("Conv", {"x", "w"}, "c")
                            .bn(4, "c", "y")
                            .kept("y", "DYNAMIC_WEIGHT")
                            .after(1)
                            .done();
  fixture.inputs["w"] = W;
  list.push_back(std::move(fixture));
  list.push_back(Part("gemm_stored_a", "A is stored, B is data")
                     .x(Shape{4, 5})
                     .weights("a", {3, 4})
                     .weights("b", {5})
                     .node("Gemm", {"a", "x", "b"}, "g")
                     .bn(5, "g", "y")
                     .kept("y", "DYNAMIC_WEIGHT")
                     .after(1)
                     .done());
}

void add_values(std::vector<FoldFixture>& list) {
  Part mean("dynamic_mean", "the mean is an input");
  mean.x(Shape{1, 3, 6, 6}).weights("w", {4, 3, 3, 3}).node("Conv", {"x", "w"}, "c");
  mean.model().input("m", Sizes{4});
  mean.constant("s", four(1, 2, 1, 2)).constant("v", four(1, 2, 1, 2));
  FoldFixture fixture = mean.node("BatchNormalization", {"c", "s", "s", "m", "v"}, "y")
                            .kept("y", "DYNAMIC_BN")
                            .after(1)
                            .done();
  fixture.inputs["m"] = four(0, 1, 2, 3);
  list.push_back(std::move(fixture));
  Part negative = conv("negative_variance", "NaN must not get into the weights (ONNX Runtime)");
  list.push_back(normalise(negative, four(1, 1, 1, 1), four(1, 1, -1, 1), 1e-5f)
                     .kept("y", "BAD_VARIANCE")
                     .after(1)
                     .not_runnable()
                     .done());
  Part zero = conv("zero_variance", "variance 0 and epsilon 0");
  list.push_back(normalise(zero, four(1, 1, 1, 1), four(1, 0, 1, 1), 0)
                     .kept("y", "BAD_VARIANCE")
                     .after(1)
                     .not_runnable()
                     .done());
  Part huge = conv("overflow", "a folded weight would be infinite");
  list.push_back(normalise(huge, four(3e38f, 1, 1, 1), four(1e-6f, 1, 1, 1), 0)
                     .kept("y", "OVERFLOW")
                     .after(1)
                     .not_runnable()
                     .done());
  Part overridable("overridable", "weights are an initializer that is also an input");
  overridable.x(Shape{1, 3, 6, 6}).weights("w", {4, 3, 3, 3});
  overridable.model().input("w", Sizes{4, 3, 3, 3});
  list.push_back(overridable.node("Conv", {"x", "w"}, "c")
                     .bn(4, "c", "y")
                     .kept("y", "OVERRIDABLE")
                     .after(1)
                     .done());
  Part statistics = conv("overridable_statistics", "the mean is an initializer and an input");
  statistics.bn(4, "c", "y").kept("y", "OVERRIDABLE").after(1);
  statistics.model().input("y_mean", Sizes{4});
  list.push_back(statistics.done());
  list.push_back(Part("overflow_float16", "a folded weight beyond 65504 in float16")
                     .x(Shape{1, 4, 6, 6}, DataType::Float16)
                     .weights("w", {4, 4, 1, 1}, 100, 200)
                     .node("Conv", {"x", "w"}, "c")
                     .weights("s", {4}, 1000, 2000)
                     .weights("t", {4})
                     .weights("m", {4})
                     .weights("v", {4}, 0.5, 1)
                     .node("BatchNormalization", {"c", "s", "t", "m", "v"}, "y")
                     .kept("y", "OVERFLOW")
                     .after(1)
                     .not_runnable()
                     .done());
  list.push_back(Part("rank_1", "[N] has one channel, and no axis of channels to fold over")
                     .x(Shape{6})
                     .weights("w", {6, 6})
                     .node("MatMul", {"x", "w"}, "m")
                     .bn(1, "m", "y")
                     .folded("y")
                     .done());
}

}  // namespace

void add_refused_fixtures(std::vector<FoldFixture>& list) {
  add_graphs(list);
  add_values(list);
}

}  // namespace keel::test
