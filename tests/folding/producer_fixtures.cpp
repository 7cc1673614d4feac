// Weights in front of BatchNormalization.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

FoldFixture conv(const std::string& name, const Shape& x, const Shape& W, I group, bool bias,
                 const std::string& about, DataType type = DataType::Float,
                 double tolerance = 1e-6) {
  Part part(name, about);
  part.x(x, type).weights("conv.weight", W);
  if (bias) part.weights("conv.bias", {W[0]});
  part.node("Conv", bias ? Strings{"x", "conv.weight", "conv.bias"} : Strings{"x", "conv.weight"},
            "c", {{"group", group}});
  return part.bn(W[0], "c", "y").folded("y").tolerance(tolerance).done();
}

FoldFixture conv_transpose(const std::string& name, const Shape& W, I group, bool bias,
                           const std::string& about) {
  Part part(name, about);
  part.x(Shape{2, W[0], 5, 4}).weights("w", W);
  if (bias) part.weights("b", {W[1] * group});
  return part
      .node("ConvTranspose", bias ? Strings{"x", "w", "b"} : Strings{"x", "w"}, "c",
            {{"group", group}, {"strides", Ints{2, 2}}})
      .bn(W[1] * group, "c", "y")
      .folded("y")
      .done();
}

FoldFixture gemm(const std::string& name, bool transA, bool transB, float alpha, float beta,
                 const std::vector<Shape>& C, const std::string& about) {
  constexpr I M = 3, K = 5, N = 4;
  Part part(name, about);
  part.x(transA ? Shape{K, M} : Shape{M, K}).weights("w", transB ? Shape{N, K} : Shape{K, N});
  Strings inputs = {"x", "w"};
  if (!C.empty()) {
    part.weights("b", C[0]);
    inputs.push_back("b");
  }
  return part
      .node("Gemm", inputs, "g",
            {{"transA", I{transA}}, {"transB", I{transB}}, {"alpha", alpha}, {"beta", beta}})
      .bn(N, "g", "y")
      .folded("y")
      .done();
}

void add_gemms(std::vector<FoldFixture>& list) {
  const std::string beta = "beta * C is scaled once (onnxscript before #3027 applied beta twice)";
  list.push_back(gemm("gemm", false, false, 1, 1, {{4}}, "Gemm -> BN"));
  list.push_back(gemm("gemm_trans_a", true, false, 1, 1, {{4}}, "A is transposed"));
  list.push_back(gemm("gemm_trans_b", false, true, 1, 1, {{4}}, "B is scaled by rows"));
  list.push_back(gemm("gemm_alpha_beta", false, true, 0.5f, 2.0f, {{4}}, beta));
  list.push_back(gemm("gemm_beta_row", false, false, 2.0f, 0.25f, {{1, 4}}, beta));
  list.push_back(gemm("gemm_beta_zero", false, false, 1, 0, {{4}}, "C does not count"));
  list.push_back(gemm("gemm_scalar_c", false, false, 1, 3, {{}}, "a scalar C becomes a vector"));
  list.push_back(gemm("gemm_one_c", false, false, 1, 3, {{1}}, "C of one element"));
  list.push_back(gemm("gemm_column_c", false, false, 1, 1, {{3, 1}}, "C [M, 1] becomes [M, N]"));
  list.push_back(gemm("gemm_full_c", true, true, 1, 2, {{3, 4}}, "C [M, N]"));
  list.push_back(gemm("gemm_no_c", false, false, 1, 1, {}, "C is made"));
}

void add_matmuls(std::vector<FoldFixture>& list) {
  list.push_back(Part("matmul", "the shift becomes an Add")
                     .x(Shape{3, 5})
                     .weights("w", {5, 4})
                     .node("MatMul", {"x", "w"}, "m")
                     .bn(4, "m", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("matmul_add", "scale into the weights, shift into the Add")
                     .x(Shape{3, 5})
                     .weights("w", {5, 4})
                     .weights("b", {4})
                     .node("MatMul", {"x", "w"}, "m")
                     .node("Add", {"m", "b"}, "a")
                     .bn(4, "a", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("matmul_add_reversed", "the bias comes first")
                     .x(Shape{3, 5})
                     .weights("w", {5, 4})
                     .weights("b", {1, 4})
                     .node("MatMul", {"x", "w"}, "m")
                     .node("Add", {"b", "m"}, "a")
                     .bn(4, "a", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("matmul_stored_left",
                      "axis 1 of a product of rank 3 is a row of the left "
                      "operand")
                     .x(Shape{2, 5, 6})
                     .weights("w", {4, 5})
                     .node("MatMul", {"w", "x"}, "m")
                     .bn(4, "m", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("matmul_rank3_features",
                      "BN over L of [N, L, C] must not scale the features "
                      "of the weights (pnnx)")
                     .x(Shape{2, 4, 5})
                     .weights("w", {5, 4})
                     .node("MatMul", {"x", "w"}, "m")
                     .bn(4, "m", "y")
                     .kept("y", "AXIS_MISMATCH")
                     .after(1)
                     .done());
  list.push_back(Part("matmul_batch_axis", "axis 1 of rank 4 is a batch axis, stored in W")
                     .x(Shape{2, 3, 4, 5})
                     .weights("w", {3, 5, 6})
                     .node("MatMul", {"x", "w"}, "m")
                     .bn(3, "m", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("matmul_broadcast_batch", "along the batch axis W does not change")
                     .x(Shape{2, 4, 4, 4})
                     .weights("w", {4, 4})
                     .node("MatMul", {"x", "w"}, "m")
                     .bn(4, "m", "y")
                     .kept("y", "AXIS_MISMATCH")
                     .after(1)
                     .done());
}

void add_weights(std::vector<FoldFixture>& list) {
  const Tensor one = make_tensor<float>({4}, {1, 1, 1, 1});
  list.push_back(Part("shared_weights",
                      "a second Conv reads the same weights, which must stay "
                      "(TNN#808)")
                     .x(Shape{1, 4, 6, 6})
                     .weights("w", {4, 4, 3, 3})
                     .weights("b", {4})
                     .node("Conv", {"x", "w", "b"}, "c")
                     .bn(4, "c", "y")
                     .node("Conv", {"x", "w", "b"}, "z")
                     .output("y")
                     .output("z")
                     .folded("y")
                     .done());
  Part constants("constant_identity_weights", "weights behind Constant and Identity nodes");
  constants.x(Shape{1, 4, 6, 6});
  const Tensor W = random_tensor(constants.random(), DataType::Float, {4, 4, 1, 1});
  list.push_back(constants.node("Constant", {}, "w0", {{"value", W}})
                     .node("Identity", {"w0"}, "w")
                     .node("Conv", {"x", "w"}, "c")
                     .bn(4, "c", "y")
                     .folded("y")
                     .done());
  Part cast("cast_weights", "weights stored in float16 behind a Cast");
  cast.x(Shape{1, 4, 6, 6});
  cast.constant("w16", random_tensor(cast.random(), DataType::Float16, {4, 4, 3, 3}));
  list.push_back(cast.node("Cast", {"w16"}, "w", {{"to", I{1}}})
                     .node("Conv", {"x", "w"}, "c")
                     .bn(4, "c", "y")
                     .folded("y")
                     .done());
  list.push_back(Part("epsilon", "epsilon is an attribute (Paddle-Lite#9861 had it fixed)")
                     .x(Shape{1, 4, 6, 6})
                     .weights("w", {4, 4, 3, 3})
                     .node("Conv", {"x", "w"}, "c")
                     .bn(4, "c", "y", {{"epsilon", 0.5f}})
                     .folded("y")
                     .done());
  list.push_back(Part("variance_beyond_float16",
                      "a float variance above 65504 normalises float16 "
                      "(tools that cast it to float16 get infinity)")
                     .x(Shape{1, 4, 6, 6}, DataType::Float16)
                     .weights("w", {4, 4, 3, 3})
                     .node("Conv", {"x", "w"}, "c")
                     .weights("s", {4}, 50, 100)
                     .weights("b", {4})
                     .constant("mean", one)
                     .constant("var", make_tensor<float>({4}, {1e5f, 2e5f, 7e4f, 1e6f}))
                     .node("BatchNormalization", {"c", "s", "b", "mean", "var"}, "y")
                     .folded("y")
                     .tolerance(2e-3)
                     .done());
  list.push_back(Part("epsilon_subnormal_in_float16",
                      "variance 0 and epsilon 1e-5 in float16: the "
                      "sum is taken in double")
                     .x(Shape{1, 4, 6, 6}, DataType::Float16)
                     .weights("w", {4, 4, 1, 1}, -0.01, 0.01)
                     .node("Conv", {"x", "w"}, "c")
                     .weights("s", {4})
                     .weights("b", {4})
                     .weights("mean", {4}, -0.01, 0.01)
                     .weights("var", {4}, 0, 0)
                     .node("BatchNormalization", {"c", "s", "b", "mean", "var"}, "y")
                     .folded("y")
                     .tolerance(2e-3)
                     .done());
}

}  // namespace

void add_producer_fixtures(std::vector<FoldFixture>& list) {
  list.push_back(conv("conv_1d", {2, 3, 9}, {4, 3, 3}, 1, true, "Conv -> BN"));
  list.push_back(conv("conv_2d", {2, 3, 6, 7}, {4, 3, 3, 3}, 1, true, "Conv -> BN"));
  list.push_back(conv("conv_2d_no_bias", {2, 3, 6, 7}, {4, 3, 3, 3}, 1, false, "a bias is made"));
  list.push_back(conv("conv_3d", {1, 3, 4, 5, 4}, {4, 3, 2, 2, 2}, 1, true, "Conv -> BN"));
  list.push_back(conv("conv_grouped", {1, 6, 6, 6}, {4, 3, 3, 3}, 2, true, "groups (tract: not)"));
  list.push_back(conv("conv_depthwise", {1, 6, 6, 6}, {6, 1, 3, 3}, 6, false, "depthwise"));
  list.push_back(conv("conv_float16", {1, 4, 6, 6}, {4, 4, 3, 3}, 1, true,
                      "double arithmetic, one rounding (pytorch#145623 folds in float16)",
                      DataType::Float16, 2e-3));
  list.push_back(conv("conv_bfloat16", {1, 4, 6, 6}, {4, 4, 3, 3}, 1, true, "the same in bfloat16",
                      DataType::BFloat16, 2e-2));
  list.push_back(conv("conv_double", {1, 4, 6, 6}, {4, 4, 3, 3}, 1, true, "Conv -> BN in double",
                      DataType::Double, 1e-14));
  list.push_back(conv_transpose("conv_transpose", {3, 4, 3, 3}, 1, true,
                                "output channels are axis 1 of the weights"));
  list.push_back(conv_transpose("conv_transpose_square", {4, 4, 3, 3}, 1, false,
                                "as many inputs as outputs: the wrong axis would fit as well"));
  list.push_back(conv_transpose("conv_transpose_grouped", {4, 2, 3, 3}, 2, true,
                                "output channels are spread over both axes (onnxslim)"));
  list.push_back(conv_transpose("conv_transpose_depthwise", {4, 1, 2, 2}, 4, false, "depthwise"));
  add_gemms(list);
  add_matmuls(list);
  add_weights(list);
}

}  // namespace keel::test
