// Weights behind BatchNormalization.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

// x -> Relu -> bn -> Conv -> y: in front of the normalisation nothing can take it up.
Part normalised(const std::string& name, const std::string& about, const Shape& x) {
  Part part(name, about);
  part.x(x).node("Relu", {"x"}, "r").bn(x[1], "r", "n");
  return part;
}

void add_convolutions(std::vector<FoldFixture>& list) {
  list.push_back(normalised("bn_conv", "BN -> unpadded Conv", {2, 4, 6, 6})
                     .weights("w", {5, 4, 3, 3})
                     .weights("b", {5})
                     .node("Conv", {"n", "w", "b"}, "y")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_grouped",
                            "each group scales channels of its own "
                            "(AIMET: one group only)",
                            {1, 4, 6, 6})
                     .weights("w", {6, 2, 3, 3})
                     .node("Conv", {"n", "w"}, "y", {{"group", I{2}}})
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_depthwise", "BN -> depthwise Conv", {1, 4, 6, 6})
                     .weights("w", {4, 1, 3, 3})
                     .node("Conv", {"n", "w"}, "y", {{"group", I{4}}})
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_valid", "auto_pad VALID pads nothing", {1, 4, 6, 6})
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"n", "w"}, "y", {{"auto_pad", std::string("VALID")}})
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_padded",
                            "zeros of the padding come after BN: a bias per "
                            "channel is wrong at the border",
                            {2, 4, 6, 5})
                     .weights("w", {5, 4, 3, 3})
                     .weights("b", {5})
                     .node("Conv", {"n", "w", "b"}, "y", {{"pads", Ints{1, 1, 1, 1}}})
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_same", "auto_pad SAME_UPPER pads unevenly", {1, 4, 7, 6})
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"n", "w"}, "y",
                           {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}})
                     .folded("n")
                     .done());
  list.push_back(
      normalised("bn_conv_padded_unused",
                 "with this stride no window reaches the "
                 "padding behind",
                 {1, 4, 6, 6})
          .weights("w", {5, 4, 2, 2})
          .node("Conv", {"n", "w"}, "y", {{"pads", Ints{0, 0, 1, 1}}, {"strides", Ints{2, 2}}})
          .folded("n")
          .done());
  list.push_back(normalised("bn_conv_transpose_pointwise", "1x1, stride 1, unpadded", {1, 4, 5, 5})
                     .weights("w", {4, 3, 1, 1})
                     .node("ConvTranspose", {"n", "w"}, "y")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_transpose", "the shift reaches results unevenly", {1, 4, 5, 5})
                     .weights("w", {4, 3, 3, 3})
                     .node("ConvTranspose", {"n", "w"}, "y")
                     .partial("n", "PADDED_CONSUMER")
                     .done());
  Part dynamic("bn_conv_padded_dynamic",
               "the sizes of the border are not known: a file can take "
               "the scale up only");
  list.push_back(dynamic.x(Sizes{"N", 4, "H", "W"}, {2, 4, 6, 5})
                     .node("Relu", {"x"}, "r")
                     .bn(4, "r", "n")
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"n", "w"}, "y", {{"pads", Ints{1, 1, 1, 1}}})
                     .partial("n", "PADDED_CONSUMER")
                     .done());
  list.push_back(normalised("bn_pool_bn_conv_padded",
                            "two borders behind one Conv: nodes with names of their own",
                            {1, 4, 8, 8})
                     .node("AveragePool", {"n"}, "p", {{"kernel_shape", Ints{3, 3}}})
                     .bn(4, "p", "m")
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"m", "w"}, "y", {{"pads", Ints{1, 1, 1, 1}}})
                     .folded("n")
                     .folded("m")
                     .done());
  Part free("bn_conv_dynamic", "unpadded, of unknown sizes");
  list.push_back(free.x(Sizes{"N", 4, "H", "W"}, {2, 4, 6, 5})
                     .node("Relu", {"x"}, "r")
                     .bn(4, "r", "n")
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"n", "w"}, "y")
                     .folded("n")
                     .done());
}

void add_products(std::vector<FoldFixture>& list) {
  list.push_back(
      normalised("bn_flatten_gemm", "a channel becomes H * W features", {2, 3, 4, 5})
          .node("Flatten", {"n"}, "f")
          .weights("w", {7, 60})
          .weights("b", {7})
          .node("Gemm", {"f", "w", "b"}, "y", {{"transB", I{1}}, {"alpha", 0.5f}, {"beta", 2.0f}})
          .folded("n")
          .done());
  list.push_back(normalised("bn_reshape_matmul", "through Reshape", {2, 3, 4, 5})
                     .constant("shape", make_tensor<I>({2}, {0, -1}))
                     .node("Reshape", {"n", "shape"}, "f")
                     .weights("w", {60, 7})
                     .node("MatMul", {"f", "w"}, "y")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_gemm", "rows of B are scaled", {3, 5})
                     .weights("w", {5, 4})
                     .weights("b", {4})
                     .node("Gemm", {"n", "w", "b"}, "y")
                     .folded("n")
                     .done());
  list.push_back(
      normalised("bn_gemm_trans_a", "axis 1 of A' is M, which is not summed over", {4, 4})
          .weights("w", {4, 4})
          .node("Gemm", {"n", "w"}, "y", {{"transA", I{1}}})
          .kept("n", "AXIS_MISMATCH")
          .after(1)
          .done());
  list.push_back(normalised("bn_matmul", "BN -> MatMul", {3, 5})
                     .weights("w", {5, 4})
                     .node("MatMul", {"n", "w"}, "y")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_transpose_matmul", "channels last", {2, 5, 3, 4})
                     .node("Transpose", {"n"}, "t", {{"perm", Ints{0, 2, 3, 1}}})
                     .weights("w", {5, 4})
                     .node("MatMul", {"t", "w"}, "y")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_transpose_matmul_square",
                            "perm decides, not sizes "
                            "(ONNX Runtime, matmul_bn_fusion)",
                            {2, 4, 4, 4})
                     .node("Transpose", {"n"}, "t", {{"perm", Ints{0, 3, 2, 1}}})
                     .weights("w", {4, 4})
                     .node("MatMul", {"t", "w"}, "y")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_matmul_wrong_axis",
                            "MatMul sums over another axis of the same size", {2, 4, 4, 4})
                     .weights("w", {4, 4})
                     .node("MatMul", {"n", "w"}, "y")
                     .kept("n", "AXIS_MISMATCH")
                     .after(1)
                     .done());
}

void add_several(std::vector<FoldFixture>& list) {
  list.push_back(normalised("bn_two_convs", "both readers take it up", {1, 4, 6, 6})
                     .weights("w", {5, 4, 3, 3})
                     .weights("v", {3, 4, 1, 1})
                     .node("Conv", {"n", "w"}, "y")
                     .node("Conv", {"n", "v"}, "z")
                     .output("y")
                     .output("z")
                     .folded("n")
                     .done());
  list.push_back(normalised("bn_conv_and_other", "one reader cannot, so neither does", {1, 4, 6, 6})
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"n", "w"}, "y")
                     .node("Sigmoid", {"n"}, "z")
                     .output("y")
                     .output("z")
                     .kept("n", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(normalised("bn_conv_shared_weights", "copied, not changed", {1, 4, 6, 6})
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"n", "w"}, "y")
                     .node("Conv", {"x", "w"}, "z")
                     .output("y")
                     .output("z")
                     .folded("n")
                     .done());
}

// A scale that is positive, without a shift.
Part scaled(const std::string& name, const std::string& about) {
  Part part(name, about);
  part.x(Shape{1, 4, 6, 6}).node("Tanh", {"x"}, "r");
  part.weights("s", {4}, 0.5, 2).weights("var", {4}, 0.2, 3);
  part.constant("zero", make_tensor<float>({4}, {0, 0, 0, 0}));
  part.node("BatchNormalization", {"r", "s", "zero", "zero", "var"}, "n");
  return part;
}

void add_between(std::vector<FoldFixture>& list) {
  list.push_back(scaled("bn_relu_conv", "a positive scale passes an activation forward too")
                     .node("Relu", {"n"}, "a")
                     .weights("w", {5, 4, 3, 3})
                     .node("Conv", {"a", "w"}, "y", {{"pads", Ints{1, 1, 1, 1}}})
                     .folded("n")
                     .done());
  list.push_back(scaled("bn_leaky_relu_max_pool_gemm", "LeakyRelu, MaxPool and Flatten in a row")
                     .node("LeakyRelu", {"n"}, "a", {{"alpha", 0.1f}})
                     .node("MaxPool", {"a"}, "p", {{"kernel_shape", Ints{3, 3}}})
                     .node("Flatten", {"p"}, "f")
                     .weights("w", {64, 5})
                     .node("Gemm", {"f", "w"}, "y")
                     .folded("n")
                     .done());
  list.push_back(
      normalised("bn_relu_conv_shift", "a shift does not pass an activation", {1, 4, 6, 6})
          .node("Relu", {"n"}, "a")
          .weights("w", {5, 4, 3, 3})
          .node("Conv", {"a", "w"}, "y")
          .kept("n", "ACTIVATION_BETWEEN")
          .after(1)
          .done());
}

}  // namespace

void add_consumer_fixtures(std::vector<FoldFixture>& list) {
  add_convolutions(list);
  add_products(list);
  add_several(list);
  add_between(list);
}

}  // namespace keel::test
