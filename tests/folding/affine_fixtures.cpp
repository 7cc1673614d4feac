// Batch normalization as TensorFlow exports it: Add, Sub, Mul and Div with constants; and chains.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

Part conv(const std::string& name, const std::string& about) {
  Part part(name, about);
  part.x(Shape{1, 3, 6, 6}).weights("w", {4, 3, 3, 3}).weights("b", {4});
  part.node("Conv", {"x", "w", "b"}, "c");
  return part;
}

void add_operators(std::vector<FoldFixture>& list) {
  list.push_back(conv("conv_mul_add", "Conv -> Mul -> Add")
                     .weights("s", {4, 1, 1})
                     .weights("t", {4, 1, 1})
                     .node("Mul", {"c", "s"}, "m")
                     .node("Add", {"m", "t"}, "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_mul_add_reversed", "constants first")
                     .weights("s", {1, 4, 1, 1})
                     .weights("t", {1, 4, 1, 1})
                     .node("Mul", {"s", "c"}, "m")
                     .node("Add", {"t", "m"}, "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_sub_div", "Conv -> Sub -> Div")
                     .weights("s", {4, 1, 1}, 0.5, 2)
                     .weights("t", {4, 1, 1})
                     .node("Sub", {"c", "t"}, "m")
                     .node("Div", {"m", "s"}, "y")
                     .folded("y")
                     .done());
  list.push_back(conv("const_minus_conv", "c - x negates the kernel too (tract)")
                     .weights("t", {4, 1, 1})
                     .node("Sub", {"t", "c"}, "y")
                     .folded("y")
                     .done());
  list.push_back(conv("const_over_conv", "c / x is not linear (tract)")
                     .weights("t", {4, 1, 1})
                     .node("Div", {"t", "c"}, "y")
                     .done());
  list.push_back(conv("conv_mul_width",
                      "[W] with W = C runs along the width, not over channels "
                      "(onnxslim)")
                     .weights("s", {4})
                     .node("Mul", {"c", "s"}, "m")
                     .weights("t", {4})
                     .node("Add", {"m", "t"}, "y")
                     .kept("y", "AXIS_MISMATCH")
                     .done());
  list.push_back(conv("conv_add_image", "a constant for every position is no map per channel")
                     .weights("t", {1, 4, 4, 4})
                     .node("Add", {"c", "t"}, "y")
                     .done());
  list.push_back(conv("conv_scalar_mul_bn", "a factor for all channels is part of the chain")
                     .weights("k", {})
                     .node("Mul", {"c", "k"}, "m")
                     .bn(4, "m", "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_bias_times_scale", "b' = b * s + t, not b + s (ncnn#1339)")
                     .weights("s", {4, 1, 1}, 2, 3)
                     .weights("zero", {4, 1, 1}, 0, 0)
                     .node("Mul", {"c", "s"}, "m")
                     .node("Add", {"m", "zero"}, "y")
                     .folded("y")
                     .done());
  list.push_back(Part("mul_add_conv", "normalised image -> Conv")
                     .x(Shape{1, 3, 6, 6})
                     .weights("mean", {3, 1, 1})
                     .weights("s", {3, 1, 1}, 1, 2)
                     .weights("w", {4, 3, 3, 3})
                     .node("Sub", {"x", "mean"}, "m")
                     .node("Div", {"m", "s"}, "d")
                     .node("Conv", {"d", "w"}, "y")
                     .folded("d")
                     .done());
  list.push_back(Part("matmul_mul_add", "features of a dense layer")
                     .x(Shape{2, 3, 5})
                     .weights("w", {5, 4})
                     .weights("s", {4})
                     .weights("t", {4})
                     .node("MatMul", {"x", "w"}, "m")
                     .node("Mul", {"m", "s"}, "a")
                     .node("Add", {"a", "t"}, "y")
                     .folded("y")
                     .done());
  list.push_back(Part("opset6_broadcast", "before opset 7 an axis says where [C] stands", 6)
                     .x(Shape{1, 3, 6, 6})
                     .weights("w", {4, 3, 3, 3})
                     .weights("s", {4})
                     .weights("t", {4})
                     .node("Conv", {"x", "w"}, "c")
                     .node("Mul", {"c", "s"}, "m", {{"broadcast", I{1}}, {"axis", I{1}}})
                     .node("Add", {"m", "t"}, "y", {{"broadcast", I{1}}, {"axis", I{1}}})
                     .folded("y")
                     .done());
}

void add_chains(std::vector<FoldFixture>& list) {
  list.push_back(conv("conv_add_bn", "a bias of its own between Conv and BN")
                     .weights("t", {1, 4, 1, 1})
                     .node("Add", {"c", "t"}, "a")
                     .bn(4, "a", "y")
                     .folded("y")
                     .done());
  list.push_back(conv("conv_bn_mul_add", "BN and a scale layer behind it (Caffe)")
                     .bn(4, "c", "n")
                     .weights("s", {4, 1, 1})
                     .weights("t", {4, 1, 1})
                     .node("Mul", {"n", "s"}, "m")
                     .node("Add", {"m", "t"}, "y")
                     .folded("n")
                     .done());
  list.push_back(conv("conv_bn_bn", "two in a row")
                     .bn(4, "c", "n")
                     .bn(4, "n", "y")
                     .folded("n")
                     .folded("y")
                     .done());
  list.push_back(Part("bn_bn", "two in a row between activations become one")
                     .x(Shape{1, 4, 5, 5})
                     .node("Relu", {"x"}, "r")
                     .bn(4, "r", "n")
                     .bn(4, "n", "m")
                     .node("Relu", {"m"}, "y")
                     .folded("n")
                     .kept("m", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(Part("bn_mul_add", "BN and a scale layer become one BN")
                     .x(Shape{1, 4, 5, 5})
                     .node("Relu", {"x"}, "r")
                     .bn(4, "r", "n")
                     .weights("s", {4, 1, 1})
                     .weights("t", {4, 1, 1})
                     .node("Mul", {"n", "s"}, "m")
                     .node("Add", {"m", "t"}, "a")
                     .node("Relu", {"a"}, "y")
                     .kept("n", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(Part("affine_chain", "four nodes become Mul and Add")
                     .x(Shape{1, 4, 5, 5})
                     .node("Relu", {"x"}, "r")
                     .weights("s", {4, 1, 1}, 1, 2)
                     .weights("t", {4, 1, 1})
                     .node("Mul", {"r", "s"}, "a")
                     .node("Add", {"a", "t"}, "b")
                     .node("Div", {"b", "s"}, "d")
                     .node("Sub", {"t", "d"}, "e")
                     .node("Relu", {"e"}, "y")
                     .folded("e")
                     .done());
}

}  // namespace

void add_affine_fixtures(std::vector<FoldFixture>& list) {
  add_operators(list);
  add_chains(list);
}

}  // namespace keel::test
