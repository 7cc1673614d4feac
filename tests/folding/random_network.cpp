#include "tests/folding/random_network.h"

#include <cmath>

#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

// Of all operator sets; those that other runtimes know nothing of any more are rarer.
int random_opset(Random& random) {
  return static_cast<int>(random.chance(0.1) ? random.integer(1, 6) : random.integer(7, 25));
}

// Grows one value, "the" value, node by node; now and then an earlier one is kept as an output.
class Network {
 public:
  explicit Network(std::uint64_t seed)
      : random_(seed), opset_(random_opset(random_)), model_(opset_) {
    shape_ = {random_.integer(1, 2), random_.integer(2, 6), random_.integer(5, 8),
              random_.integer(5, 8)};
    const bool dynamic = random_.chance(0.2);
    Sizes sizes(shape_.begin(), shape_.end());
    if (dynamic) sizes[2] = "H", sizes[3] = "W";
    x_ = random_tensor(random_, DataType::Float, shape_);
    model_.input("x", sizes);
  }

  RandomNetwork make() {
    const std::int64_t nodes = random_.integer(3, 10);
    while (made_ < nodes) step();
    if (value_ == "x") add("Relu", {"x"});
    model_.output(value_, DataType::Float);
    return {std::move(model_), {{"x", x_}}, opset_};
  }

 private:
  std::size_t pick(std::size_t n) {
    return static_cast<std::size_t>(random_.integer(0, static_cast<std::int64_t>(n) - 1));
  }
  std::int64_t channels() const { return shape_[1]; }
  bool image() const { return shape_.size() == 4; }

  std::string constant(const Shape& shape, double low, double high) {
    const std::string name = "c" + std::to_string(constants_++);
    model_.constant(name, random_tensor(random_, DataType::Float, shape, low, high));
    return name;
  }

  void add(const std::string& op, const Strings& inputs, const Attributes& attributes = {}) {
    // A second reader, or an output, in the middle of a chain.
    if (made_ > 0 && random_.chance(0.04)) model_.output(value_, DataType::Float);
    value_ = "v" + std::to_string(made_++);
    model_.node(op, inputs, {value_}, attributes);
  }

  void step() {
    const double p = random_.uniform();
    if (p < 0.30) return normalise();
    if (p < 0.42) return affine();
    if (p < 0.54) return activation();
    if (p < 0.60 && image()) return transpose();
    if (p < 0.64 && image()) return flatten();
    if (!image()) return random_.chance(0.5) ? gemm() : matmul();
    if (p < 0.72) return pool();
    if (p < 0.77) return conv_transpose();
    if (p < 0.82) return concat();
    return conv();
  }

  void normalise() {
    const Shape C = {channels()};
    Attributes attributes;
    if (opset_ < 7) attributes["is_test"] = std::int64_t{1};
    if (opset_ < 6) attributes["consumed_inputs"] = Ints{0, 0, 0, 1, 1};
    if (random_.chance(0.2)) attributes["epsilon"] = 0.125f;
    const double low = random_.chance(0.3) ? 0.5 : -1.5;
    add("BatchNormalization",
        {value_, constant(C, low, 1.5), constant(C, -1, 1), constant(C, -0.5, 0.5),
         constant(C, 0.5, 2)},
        attributes);
  }

  // A constant per channel, or one for all; [C] with axis 1 before opset 7.
  void affine() {
    const char* ops[] = {"Add", "Mul", "Sub", "Div"};
    const std::string op = ops[pick(4)];
    const bool first = opset_ >= 7 && random_.chance(0.3);
    const bool uniform = random_.chance(0.15);
    Shape shape = uniform ? Shape{} : Shape{channels()};
    Attributes attributes;
    if (opset_ < 7) {
      attributes["broadcast"] = std::int64_t{1};
      if (!uniform) attributes["axis"] = std::int64_t{1};
    } else if (!uniform) {
      shape.resize(shape_.size() - 1, 1);
      if (random_.chance(0.3)) shape.insert(shape.begin(), 1);
    }
    const std::string c = constant(shape, 0.5, 1.5);
    // A quotient of data would leave the range in which errors can be compared.
    const bool left = first && op != "Div";
    add(op, left ? Strings{c, value_} : Strings{value_, c}, attributes);
  }

  void activation() {
    const char* ops[] = {"Relu", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Identity"};
    add(ops[pick(6)], {value_});
  }

  std::string weights(const Shape& shape, std::int64_t summed) {
    const double scale = std::sqrt(3.0 / static_cast<double>(summed));
    return constant(shape, -scale, scale);
  }

  // Names and output of a convolution of `from`; sets `out` to its sizes.
  void convolve(const std::string& from, const Shape& in, std::int64_t group, std::int64_t M,
                bool may_pad, Shape& out) {
    const std::int64_t k = std::min({in[2], in[3], random_.integer(1, 3)});
    const std::int64_t pad = may_pad && random_.chance(0.4) ? k / 2 : 0;
    const std::int64_t stride = may_pad && random_.chance(0.2) ? 2 : 1;
    Strings inputs = {from, weights({M, in[1] / group, k, k}, in[1] / group * k * k)};
    if (random_.chance(0.6)) inputs.push_back(constant({M}, -0.5, 0.5));
    add("Conv", inputs,
        {{"pads", Ints{pad, pad, pad, pad}},
         {"strides", Ints{stride, stride}},
         {"group", group},
         {"kernel_shape", Ints{k, k}}});
    out = {in[0], M, (in[2] + 2 * pad - k) / stride + 1, (in[3] + 2 * pad - k) / stride + 1};
  }

  void conv() {
    std::int64_t group = 1, M = random_.integer(1, 6);
    if (random_.chance(0.25)) group = channels(), M = channels();
    if (group == 1 && channels() % 2 == 0 && random_.chance(0.25)) group = 2, M = 4;
    convolve(value_, shape_, group, M, true, shape_);
  }

  void conv_transpose() {
    const std::int64_t group = channels() % 2 == 0 && random_.chance(0.5) ? 2 : 1;
    const std::int64_t M = random_.integer(1, 3), k = random_.integer(1, 2);
    if (shape_[2] > 12) return;
    Strings inputs = {value_, weights({channels(), M, k, k}, channels() / group)};
    if (random_.chance(0.5)) inputs.push_back(constant({M * group}, -0.5, 0.5));
    const std::int64_t stride = random_.integer(1, 2);
    add("ConvTranspose", inputs,
        {{"group", group}, {"strides", Ints{stride, stride}}, {"kernel_shape", Ints{k, k}}});
    shape_ = {shape_[0], M * group, (shape_[2] - 1) * stride + k, (shape_[3] - 1) * stride + k};
  }

  void pool() {
    if (random_.chance(0.2)) {
      add("GlobalAveragePool", {value_});
      shape_[2] = shape_[3] = 1;
      return;
    }
    if (shape_[2] < 2 || shape_[3] < 2) return;
    const bool average = random_.chance(0.6);
    const std::int64_t pad = random_.chance(0.3) ? 1 : 0;
    Attributes attributes = {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{pad, pad, 0, 0}}};
    if (average && opset_ >= 7 && random_.chance(0.5))
      attributes["count_include_pad"] = std::int64_t{1};
    add(average ? "AveragePool" : "MaxPool", {value_}, attributes);
    shape_[2] += pad - 1;
    shape_[3] += pad - 1;
  }

  void transpose() {
    const Ints perms[] = {{0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}};
    const Ints& perm = perms[pick(3)];
    add("Transpose", {value_}, {{"perm", perm}});
    Shape moved;
    for (std::int64_t axis : perm) moved.push_back(shape_[static_cast<std::size_t>(axis)]);
    shape_ = moved;
  }

  void flatten() {
    if (shape_[1] * shape_[2] * shape_[3] > 300) return;
    add("Flatten", {value_});
    shape_ = {shape_[0], shape_[1] * shape_[2] * shape_[3]};
  }

  // Two or three convolutions of one value; an activation may stand behind one of them.
  void concat() {
    const std::string from = value_;
    const Shape in = shape_;
    Strings parts;
    std::int64_t total = 0;
    for (std::int64_t i = random_.integer(2, 3); i > 0; --i) {
      const std::int64_t M = random_.integer(1, 3);
      Strings inputs = {from, weights({M, in[1], 1, 1}, in[1])};
      if (random_.chance(0.5)) inputs.push_back(constant({M}, -0.5, 0.5));
      add("Conv", inputs, {{"kernel_shape", Ints{1, 1}}});
      if (random_.chance(0.2)) add("Relu", {value_});
      parts.push_back(value_);
      total += M;
    }
    add("Concat", parts, {{"axis", std::int64_t{1}}});
    shape_ = {in[0], total, in[2], in[3]};
  }

  void gemm() {
    const std::int64_t K = shape_[1], N = random_.integer(1, 6);
    const bool transposed = random_.chance(0.5);
    Attributes attributes = {{"transB", std::int64_t{transposed}}};
    if (random_.chance(0.4)) attributes["alpha"] = 0.5f;
    if (random_.chance(0.4)) attributes["beta"] = 2.0f;
    if (opset_ < 7) attributes["broadcast"] = std::int64_t{1};
    Strings inputs = {value_, weights(transposed ? Shape{N, K} : Shape{K, N}, K)};
    const Shape addends[] = {{N}, {1, N}, {shape_[0], N}};
    if (opset_ < 11 || random_.chance(0.7)) inputs.push_back(constant(addends[pick(3)], -0.5, 0.5));
    add("Gemm", inputs, attributes);
    shape_ = {shape_[0], N};
  }

  void matmul() {
    const std::int64_t K = shape_[1], N = random_.integer(1, 6);
    add("MatMul", {value_, weights({K, N}, K)});
    shape_ = {shape_[0], N};
  }

  Random random_;
  int opset_;
  ModelBuilder model_;
  Shape shape_;
  Tensor x_;
  std::string value_ = "x";
  int made_ = 0, constants_ = 0;
};

}  // namespace

RandomNetwork random_network(std::uint64_t seed) { return Network(seed).make(); }

}  // namespace keel::test
