// Nodes between weights and BatchNormalization.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

// x -> Conv -> "c" [1, 4, 6, 6], or of another number of channels.
Part conv(const std::string& name, const std::string& about, I channels = 4) {
  Part part(name, about);
  part.x(Shape{1, 3, 8, 8}).weights("w", {channels, 3, 3, 3}).weights("b", {channels});
  part.node("Conv", {"x", "w", "b"}, "c");
  return part;
}

// The same with a normalisation without shift, whose scales are positive.
Part scaled(Part part, const std::string& input, I channels = 4) {
  const std::vector<float> zeros(static_cast<std::size_t>(channels), 0);
  part.weights("s", {channels}, 0.5, 2).weights("var", {channels}, 0.2, 3);
  part.constant("zero", make_tensor<float>({channels}, zeros));
  part.node("BatchNormalization", {input, "s", "zero", "zero", "var"}, "y");
  return part;
}

void add_moves(std::vector<FoldFixture>& list) {
  list.push_back(conv("conv_transposed", "the axis goes through perm")
                     .node("Transpose", {"c"}, "t", {{"perm", Ints{0, 1, 3, 2}}})
                     .bn(4, "t", "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_transposed_away", "BN normalises what was an axis of pixels", 6)
                     .node("Transpose", {"c"}, "t", {{"perm", Ints{0, 2, 1, 3}}})
                     .bn(6, "t", "y")
                     .kept("y", "AXIS_MISMATCH")
                     .after(1)
                     .done());
  list.push_back(Part("matmul_transpose", "features are moved to axis 1")
                     .x(Shape{2, 6, 5})
                     .weights("w", {5, 4})
                     .node("MatMul", {"x", "w"}, "m")
                     .node("Transpose", {"m"}, "t", {{"perm", Ints{0, 2, 1}}})
                     .bn(4, "t", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("matmul_transpose_square",
                      "features stay at axis 2 though sizes agree "
                      "(ONNX Runtime, matmul_bn_fusion)")
                     .x(Shape{4, 4, 5})
                     .weights("w", {5, 4})
                     .node("MatMul", {"x", "w"}, "m")
                     .node("Transpose", {"m"}, "t", {{"perm", Ints{1, 0, 2}}})
                     .bn(4, "t", "y")
                     .kept("y", "AXIS_MISMATCH")
                     .after(1)
                     .done());
  list.push_back(Part("gemm_reshape", "features n of [N, C * H * W] are channel n / (H * W)")
                     .x(Shape{2, 5})
                     .weights("w", {5, 24})
                     .weights("b", {24})
                     .node("Gemm", {"x", "w", "b"}, "g")
                     .constant("shape", make_tensor<I>({4}, {0, 4, 2, 3}))
                     .node("Reshape", {"g", "shape"}, "r")
                     .bn(4, "r", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("gemm_reshape_rows", "BN over L of [N, L, C] normalises rows (pnnx)")
                     .x(Shape{8, 5})
                     .weights("w", {5, 4})
                     .weights("b", {4})
                     .node("Gemm", {"x", "w", "b"}, "g")
                     .constant("shape", make_tensor<I>({3}, {2, 4, 4}))
                     .node("Reshape", {"g", "shape"}, "r")
                     .bn(4, "r", "y")
                     .kept("y", "AXIS_MISMATCH")
                     .after(1)
                     .done());
  list.push_back(conv("conv_flatten", "BN over pixels of channels: more of them than channels")
                     .node("Flatten", {"c"}, "f")
                     .bn(144, "f", "y")
                     .kept("y", "AXIS_MISMATCH")
                     .after(1)
                     .done());
  Part pooled = conv("conv_pool_flatten", "GlobalAveragePool, Flatten, BN");
  list.push_back(pooled.node("GlobalAveragePool", {"c"}, "p")
                     .node("Flatten", {"p"}, "f")
                     .bn(4, "f", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("gemm_unsqueeze", "[N, C] -> [N, C, 1, 1]")
                     .x(Shape{2, 5})
                     .weights("w", {5, 4})
                     .node("Gemm", {"x", "w"}, "g")
                     .constant("axes", make_tensor<I>({2}, {2, 3}))
                     .node("Unsqueeze", {"g", "axes"}, "u")
                     .bn(4, "u", "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_pool_squeeze", "[N, C, 1, 1] -> [N, C]")
                     .node("GlobalAveragePool", {"c"}, "p")
                     .constant("axes", make_tensor<I>({2}, {2, 3}))
                     .node("Squeeze", {"p", "axes"}, "q")
                     .bn(4, "q", "y")
                     .folded("y")
                     .done());
  Part unknown("reshape_unknown_rank", "what Reshape makes is known in the run only");
  unknown.x(Shape{2, 5}).weights("w", {5, 24}).node("Gemm", {"x", "w"}, "g");
  unknown.model().input("shape", Sizes{"R"}, DataType::Int64);
  FoldFixture fixture = unknown.node("Reshape", {"g", "shape"}, "r")
                            .bn(4, "r", "y")
                            .kept("y", "UNKNOWN_RANK")
                            .after(1)
                            .done();
  fixture.inputs["shape"] = make_tensor<I>({4}, {2, 4, 2, 3});
  list.push_back(std::move(fixture));
}

void add_pools(std::vector<FoldFixture>& list) {
  list.push_back(conv("conv_average_pool", "means commute")
                     .node("AveragePool", {"c"}, "p",
                           {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{1, 1, 0, 0}}})
                     .bn(4, "p", "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_average_pool_counting", "means that count padding have no shift there")
                     .node("AveragePool", {"c"}, "p",
                           {{"kernel_shape", Ints{2, 2}},
                            {"pads", Ints{1, 1, 0, 0}},
                            {"count_include_pad", I{1}}})
                     .bn(4, "p", "y")
                     .kept("y", "PADDED_CONSUMER")
                     .after(1)
                     .done());
  list.push_back(conv("conv_reduce_mean", "spatial means")
                     .node("ReduceMean", {"c"}, "p", {{"axes", Ints{2, 3}}, {"keepdims", I{0}}})
                     .bn(4, "p", "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_max_pool", "a maximum takes no negative scale")
                     .node("MaxPool", {"c"}, "p", {{"kernel_shape", Ints{2, 2}}})
                     .bn(4, "p", "y")
                     .kept("y", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(conv("conv_max_pool_positive", "a maximum takes a positive one")
                     .node("MaxPool", {"c"}, "p", {{"kernel_shape", Ints{2, 2}}})
                     .bn(4, "p", "y", {}, 0.5)
                     .folded("y")
                     .done());
  list.push_back(conv("conv_pad", "zeros have no shift")
                     .constant("pads", make_tensor<I>({8}, {0, 0, 1, 1, 0, 0, 1, 1}))
                     .node("Pad", {"c", "pads"}, "p")
                     .bn(4, "p", "y")
                     .kept("y", "PADDED_CONSUMER")
                     .after(1)
                     .done());
  list.push_back(scaled(conv("conv_pad_scale", "zeros can be scaled")
                            .constant("pads", make_tensor<I>({8}, {0, 0, 1, 1, 0, 0, 1, 1}))
                            .node("Pad", {"c", "pads"}, "p"),
                        "p")
                     .folded("y")
                     .done());
  list.push_back(
      scaled(
          conv("conv_relu_scale", "a positive scale passes an activation").node("Relu", {"c"}, "r"),
          "r")
          .folded("y")
          .done());
  list.push_back(scaled(conv("conv_leaky_relu_scale", "LeakyRelu as well")
                            .node("LeakyRelu", {"c"}, "r", {{"alpha", 0.1f}}),
                        "r")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_relu_bn", "a fold past an activation (ncnnoptimize run twice)")
                     .node("Relu", {"c"}, "r")
                     .bn(4, "r", "y")
                     .kept("y", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
}

void add_concats(std::vector<FoldFixture>& list) {
  const auto branches = [](const std::string& name, const std::string& about) {
    Part part(name, about);
    part.x(Shape{1, 3, 8, 8}).weights("w1", {4, 3, 3, 3}).weights("w2", {2, 3, 3, 3});
    part.weights("w3", {3, 3, 3, 3}).weights("b3", {3});
    part.node("Conv", {"x", "w1"}, "c1").node("Conv", {"x", "w2"}, "c2");
    part.node("Conv", {"x", "w3", "b3"}, "c3");
    return part;
  };
  list.push_back(branches("concat", "every branch takes its channels up (TensorFlow: two Conv2D)")
                     .node("Concat", {"c1", "c2", "c3"}, "k", {{"axis", I{1}}})
                     .bn(9, "k", "y")
                     .folded("y")
                     .done());
  list.push_back(branches("concat_pool", "through a pool into every branch")
                     .node("Concat", {"c1", "c2", "c3"}, "k", {{"axis", I{1}}})
                     .node("AveragePool", {"k"}, "p", {{"kernel_shape", Ints{2, 2}}})
                     .bn(9, "p", "y")
                     .folded("y")
                     .done());
  list.push_back(branches("concat_partial", "an activation keeps its branch out")
                     .node("Relu", {"c2"}, "r")
                     .node("Concat", {"c1", "r", "c3"}, "k", {{"axis", I{1}}})
                     .bn(9, "k", "y")
                     .partial("y", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(branches("concat_shared_branch", "a branch is read elsewhere too (DenseNet)")
                     .node("Concat", {"c1", "c2"}, "k", {{"axis", I{1}}})
                     .bn(6, "k", "y")
                     .node("Relu", {"c1"}, "z")
                     .node("Relu", {"c2"}, "z2")
                     .node("Relu", {"c3"}, "z3")
                     .output("y")
                     .output("z")
                     .output("z2")
                     .output("z3")
                     .kept("y", "MULTI_USE")
                     .after(1)
                     .done());
  list.push_back(branches("concat_mostly_kept",
                          "one branch of three is not worth two narrow "
                          "normalisations in the place of a wide one")
                     .node("Relu", {"c1"}, "r1")
                     .node("Relu", {"c2"}, "r2")
                     .node("Concat", {"r1", "r2", "c3"}, "k", {{"axis", I{1}}})
                     .bn(9, "k", "y")
                     .kept("y", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  Part rows("concat_other_axis", "branches one below the other: not channels");
  list.push_back(rows.x(Shape{1, 3, 6, 8})
                     .weights("w1", {4, 3, 3, 3})
                     .weights("w2", {4, 3, 3, 3})
                     .node("Conv", {"x", "w1"}, "c1")
                     .node("Conv", {"x", "w2"}, "c2")
                     .node("Concat", {"c1", "c2"}, "k", {{"axis", I{2}}})
                     .bn(4, "k", "y")
                     .folded("y")
                     .done());
}

}  // namespace

void add_path_fixtures(std::vector<FoldFixture>& list) {
  add_moves(list);
  add_pools(list);
  add_concats(list);
}

}  // namespace keel::test
