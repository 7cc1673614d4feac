// Weights stored as integers behind DequantizeLinear. Keel has no quantised operators to run them.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

// "q", "scale" and, where given, "zero" -> "w".
Part& dequantised(Part& part, const Tensor& q, const Shape& scale, const Tensor* zero, I axis) {
  Strings inputs = {"q", "scale"};
  part.constant("q", q).weights("scale", scale, 0.005, 0.02);
  if (zero != nullptr) {
    part.constant("zero", *zero);
    inputs.push_back("zero");
  }
  return part.node("DequantizeLinear", inputs, "w", {{"axis", axis}});
}

Part conv(const std::string& name, const std::string& about) {
  Part part(name, about);
  part.x(Shape{1, 3, 6, 6});
  return part;
}

Tensor integers(Part& part, DataType type, const Shape& shape, double low, double high) {
  return random_tensor(part.random(), type, shape, low, high);
}

void add_folded(std::vector<FoldFixture>& list) {
  Part channels = conv("quantised_per_channel", "s goes into the scales, a negative one turns q");
  const Tensor q = integers(channels, DataType::Int8, {4, 3, 3, 3}, -127, 127);
  dequantised(channels, q, {4}, nullptr, 0).weights("b", {4});
  list.push_back(
      channels.node("Conv", {"x", "w", "b"}, "c").bn(4, "c", "y").folded("y").foreign().done());
  Part one = conv("quantised_per_tensor", "one scale and zero point become one for each feature");
  const Tensor middle = integers(one, DataType::Uint8, {}, 128, 128);
  const Tensor u = integers(one, DataType::Uint8, {4, 3, 3, 3}, 1, 255);
  dequantised(one, u, {}, &middle, 0);
  list.push_back(one.node("Conv", {"x", "w"}, "c").bn(4, "c", "y").folded("y").foreign().done());
  Part transposed = conv("quantised_transposed", "features are axis 1");
  const Tensor t = integers(transposed, DataType::Int8, {3, 4, 3, 3}, -127, 127);
  dequantised(transposed, t, {4}, nullptr, 1);
  list.push_back(transposed.node("ConvTranspose", {"x", "w"}, "c")
                     .bn(4, "c", "y")
                     .folded("y")
                     .foreign()
                     .done());
}

void add_kept(std::vector<FoldFixture>& list) {
  Part range = conv("quantised_out_of_range", "-128 has no counterpart");
  const Tensor lowest = integers(range, DataType::Int8, {4, 3, 3, 3}, -128, -128);
  dequantised(range, lowest, {4}, nullptr, 0).weights("s", {4}, -2, -1).weights("t", {4});
  list.push_back(range.weights("v", {4}, 0.5, 1)
                     .node("Conv", {"x", "w"}, "c")
                     .node("BatchNormalization", {"c", "s", "t", "t", "v"}, "y")
                     .kept("y", "QUANTISED")
                     .after(1)
                     .foreign()
                     .done());
  Part bias = conv("quantised_bias", "a bias of integers takes no shift");
  const Tensor q = integers(bias, DataType::Int8, {4, 3, 3, 3}, -127, 127);
  dequantised(bias, q, {4}, nullptr, 0);
  bias.constant("qb", integers(bias, DataType::Int32, {4}, -9, 9)).weights("sb", {4}, 0.1, 0.2);
  list.push_back(bias.node("DequantizeLinear", {"qb", "sb"}, "b", {{"axis", I{0}}})
                     .node("Conv", {"x", "w", "b"}, "c")
                     .bn(4, "c", "y")
                     .kept("y", "QUANTISED")
                     .after(1)
                     .foreign()
                     .done());
  Part between = conv("quantised_between", "the result is rounded to integers before it");
  list.push_back(between.weights("w", {4, 3, 3, 3})
                     .weights("step", {}, 0.05, 0.1)
                     .constant("zero", integers(between, DataType::Int8, {}, 0, 0))
                     .node("Conv", {"x", "w"}, "c")
                     .node("QuantizeLinear", {"c", "step", "zero"}, "i")
                     .node("DequantizeLinear", {"i", "step", "zero"}, "d")
                     .bn(4, "d", "y")
                     .kept("y", "QUANTISED")
                     .after(1)
                     .foreign()
                     .done());
  Part gemm("quantised_gemm", "only convolutions take a scale up that way");
  gemm.x(Shape{2, 3});
  const Tensor g = integers(gemm, DataType::Int8, {3, 4}, -127, 127);
  dequantised(gemm, g, {4}, nullptr, 1);
  list.push_back(gemm.node("Gemm", {"x", "w"}, "c")
                     .bn(4, "c", "y")
                     .kept("y", "QUANTISED")
                     .after(1)
                     .foreign()
                     .tolerance(1e-3)  // runtimes may quantise the data too
                     .done());
}

}  // namespace

void add_quantised_fixtures(std::vector<FoldFixture>& list) {
  add_folded(list);
  add_kept(list);
}

}  // namespace keel::test
