#include "tests/support/random_graph.h"

#include <cmath>
#include <functional>

#include "tests/oracle/oracle.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  RandomGraph make(int nodes) {
    add_input();
    while (made_ < nodes) (this->*kSteps[pick(std::size(kSteps))])();
    RandomGraph out{std::move(builder_), {{"x", values_.at("x")}}};
    for (const auto& [name, uses] : uses_)
      if (name != "x" && (uses == 0 || random_.chance(0.1))) out.builder.output(name);
    return out;
  }

 private:
  using Step = void (Generator::*)();
  static const Step kSteps[20];

  std::size_t pick(std::size_t n) {
    return static_cast<std::size_t>(random_.integer(0, static_cast<std::int64_t>(n) - 1));
  }
  std::int64_t dim(const std::string& value, std::size_t axis) {
    return values_.at(value).shape()[axis];
  }
  std::int64_t rank(const std::string& value) {
    return static_cast<std::int64_t>(values_.at(value).shape().size());
  }

  void add_input() {
    const std::int64_t channels[] = {1, 3, 4, 8, 16, 17, 24, 32};
    Shape shape = {random_.integer(1, 3), channels[pick(8)], random_.integer(4, 12),
                   random_.integer(4, 12)};
    values_["x"] = random_tensor(random_, DataType::Float, shape);
    uses_["x"] = 0;
    builder_.input("x", Sizes{"N", shape[1], shape[2], shape[3]});
  }

  // A value that `fits`, mostly a recent one; "" where there is none.
  std::string choose(const std::function<bool(const std::string&)>& fits) {
    std::vector<std::string> candidates;
    for (const auto& [name, uses] : uses_)
      if (fits(name)) candidates.insert(candidates.end(), uses == 0 ? 4 : 1, name);
    return candidates.empty() ? "" : candidates[pick(candidates.size())];
  }
  std::string choose_image() {
    return choose([this](const std::string& v) { return rank(v) == 4; });
  }
  std::string choose_any() {
    return choose([](const std::string&) { return true; });
  }

  std::string constant(const Shape& shape, double low, double high) {
    const std::string name = "c" + std::to_string(constants_.size());
    constants_[name] = random_tensor(random_, DataType::Float, shape, low, high);
    builder_.constant(name, constants_[name]);
    return name;
  }
  std::string ints(const Ints& values) {
    const std::string name = "c" + std::to_string(constants_.size());
    constants_[name] =
        make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
    builder_.constant(name, constants_[name]);
    return name;
  }

  // Adds the node and finds its value (hence its shape) with the oracle.
  void add(const std::string& op, const Strings& inputs, const Attributes& attributes = {}) {
    const std::string name = "v" + std::to_string(made_);
    ModelBuilder alone;
    for (const std::string& input : inputs) {
      if (input.empty()) continue;
      const auto known = values_.find(input);
      alone.constant(input, known == values_.end() ? constants_.at(input) : known->second);
    }
    const Graph graph = alone.node(op, inputs, {name}, attributes).output(name).graph();
    values_[name] = oracle::run(graph, {}, oracle::Mode::Rounded).at(name);
    builder_.node(op, inputs, {name}, attributes);
    for (const std::string& input : inputs)
      if (uses_.count(input) != 0) ++uses_[input];
    uses_[name] = 0;
    ++made_;
  }

  Ints pads(std::int64_t most) {
    Ints out;
    for (int i = 0; i < 4; ++i) out.push_back(random_.integer(0, most));
    return out;
  }

  void conv() {
    const std::string x = choose_image();
    if (x.empty()) return;
    const std::int64_t C = dim(x, 1);
    const std::int64_t k[] = {1, 1, 3, 3, 5, 2};
    const std::int64_t kh = k[pick(6)], kw = random_.chance(0.8) ? kh : k[pick(6)];
    const std::int64_t dilation = random_.chance(0.15) ? 2 : 1;
    const Ints p = random_.chance(0.3) ? pads(2) : Ints{kh / 2, kw / 2, kh / 2, kw / 2};
    if (dim(x, 2) + p[0] + p[2] < (kh - 1) * dilation + 1 ||
        dim(x, 3) + p[1] + p[3] < (kw - 1) * dilation + 1)
      return;
    std::int64_t group = 1, M = random_.integer(1, 40);
    if (random_.chance(0.3)) group = C, M = C * random_.integer(1, 2);
    if (group == 1 && C % 2 == 0 && random_.chance(0.2)) group = 2, M = 2 * random_.integer(1, 12);
    const std::int64_t stride = random_.chance(0.3) ? 2 : 1;
    const double scale = std::sqrt(3.0 / static_cast<double>(C / group * kh * kw));
    Strings inputs = {x, constant({M, C / group, kh, kw}, -scale, scale)};
    if (random_.chance(0.6)) inputs.push_back(constant({M}, -0.5, 0.5));
    add("Conv", inputs,
        {{"pads", p},
         {"strides", Ints{stride, stride}},
         {"dilations", Ints{dilation, dilation}},
         {"group", group}});
  }

  void conv_transpose() {
    const std::string x = choose_image();
    if (x.empty() || dim(x, 2) > 24 || dim(x, 3) > 24) return;
    const std::int64_t C = dim(x, 1), M = random_.integer(1, 12), k = random_.integer(2, 4);
    const double scale = std::sqrt(3.0 / static_cast<double>(C * k));
    add("ConvTranspose", {x, constant({C, M, k, k}, -scale, scale)},
        {{"strides", Ints{2, 2}}, {"pads", Ints{1, 0, 0, 1}}});
  }

  void batch_normalization() {
    const std::string x = choose([this](const std::string& v) { return rank(v) >= 2; });
    if (x.empty()) return;
    const Shape C = {dim(x, 1)};
    add("BatchNormalization",
        {x, constant(C, -1.5, 1.5), constant(C, -1, 1), constant(C, -1, 1), constant(C, 0.5, 2)});
  }

  void activation() {
    const char* ops[] = {"Relu",     "Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Tanh", "Gelu",
                         "Softplus", "Elu",  "Mish",      "Swish",   "Identity",  "Neg",  "Abs"};
    add(ops[pick(std::size(ops))], {choose_any()});
  }

  void clip() { add("Clip", {choose_any(), constant({}, -0.5, 0), constant({}, 0.1, 6)}); }

  void swish_by_hand() {
    const std::string x = choose_any();
    add("Sigmoid", {x});
    add("Mul", {x, "v" + std::to_string(made_ - 1)});
  }

  void pool() {
    const std::string x = choose_image();
    if (x.empty()) return;
    const std::int64_t k = random_.integer(2, 3);
    if (dim(x, 2) < k || dim(x, 3) < k) return;
    Attributes attributes = {{"kernel_shape", Ints{k, k}},
                             {"strides", Ints{random_.integer(1, 2), random_.integer(1, 2)}},
                             {"pads", pads(1)},
                             {"ceil_mode", random_.integer(0, 1)}};
    const bool average = random_.chance(0.5);
    if (average) attributes["count_include_pad"] = random_.integer(0, 1);
    add(average ? "AveragePool" : "MaxPool", {x}, attributes);
  }

  void global_pool() {
    const std::string x = choose_image();
    if (!x.empty()) add(random_.chance(0.7) ? "GlobalAveragePool" : "GlobalMaxPool", {x});
  }

  void add_values() {
    const std::string a = choose_any();
    const std::string b = choose([&](const std::string& v) {
      return v != a && values_.at(v).shape() == values_.at(a).shape();
    });
    if (!b.empty()) add(random_.chance(0.7) ? "Add" : "Sub", {a, b});
  }

  void affine() {
    const std::string x = choose_image();
    if (x.empty()) return;
    Shape shape = {dim(x, 1), 1, 1};
    if (random_.chance(0.3)) shape.insert(shape.begin(), 1);
    if (random_.chance(0.2)) shape = {};
    if (random_.chance(0.1)) shape = {dim(x, 3)};
    const bool constant_first = random_.chance(0.3);
    const std::string c = constant(shape, 0.5, 1.5);
    const char* ops[] = {"Add", "Mul", "Sub"};
    add(ops[pick(3)], constant_first ? Strings{c, x} : Strings{x, c});
  }

  void concat() {
    const std::string a = choose_image();
    if (a.empty()) return;
    Strings parts = {a};
    for (int i = random_.chance(0.5) ? 1 : 2; i > 0; --i)
      parts.push_back(choose([&](const std::string& v) {
        return rank(v) == 4 && dim(v, 0) == dim(a, 0) && dim(v, 2) == dim(a, 2) &&
               dim(v, 3) == dim(a, 3);
      }));
    add("Concat", parts, {{"axis", 1}});
  }

  void slice() {
    const std::string x = choose_image();
    if (x.empty() || dim(x, 1) < 2) return;
    const std::int64_t begin = random_.integer(0, dim(x, 1) - 1);
    const std::int64_t end = random_.integer(begin + 1, dim(x, 1));
    add("Slice", {x, ints({begin}), ints({end}), ints({1})});
  }

  void pad() {
    const std::string x = choose_image();
    if (!x.empty() && dim(x, 2) > 2 && dim(x, 3) > 2)
      add("Pad", {x, ints({0, 0, 1, 0, 0, 0, 2, 1})},
          {{"mode", random_.chance(0.6) ? "constant" : "reflect"}});
  }

  void resize() {
    const std::string x = choose_image();
    if (x.empty() || dim(x, 2) > 24 || dim(x, 3) > 24) return;
    const std::string scales = "c" + std::to_string(constants_.size());
    constants_[scales] = make_tensor<float>({4}, {1, 1, 2, 2});
    builder_.constant(scales, constants_[scales]);
    add("Resize", {x, "", scales}, {{"mode", random_.chance(0.5) ? "nearest" : "linear"}});
  }

  void transpose() {
    const std::string x = choose_image();
    if (!x.empty())
      add("Transpose", {x}, {{"perm", random_.chance(0.5) ? Ints{0, 2, 3, 1} : Ints{0, 1, 3, 2}}});
  }

  void flatten() {
    const std::string x = choose_image();
    if (x.empty()) return;
    if (random_.chance(0.5))
      add("Flatten", {x});
    else
      add("Reshape", {x, ints({0, dim(x, 1), -1})});
  }

  void gemm() {
    const std::string x = choose([this](const std::string& v) { return rank(v) == 2; });
    if (x.empty()) return;
    const std::int64_t K = dim(x, 1), N = random_.integer(1, 40);
    const double scale = std::sqrt(3.0 / static_cast<double>(K));
    const bool transposed = random_.chance(0.5);
    add("Gemm",
        {x, constant(transposed ? Shape{N, K} : Shape{K, N}, -scale, scale), constant({N}, -1, 1)},
        {{"transB", std::int64_t{transposed}}});
  }

  void matmul() {
    const std::string x = choose([this](const std::string& v) { return rank(v) >= 2; });
    if (x.empty()) return;
    const std::int64_t K = values_.at(x).shape().back();
    const double scale = std::sqrt(3.0 / static_cast<double>(K));
    add("MatMul", {x, constant({K, random_.integer(1, 24)}, -scale, scale)});
  }

  void along_axis() {
    const std::string x = choose_any();
    if (random_.chance(0.5))
      add("Softmax", {x}, {{"axis", random_.chance(0.5) ? 1 : -1}});
    else
      add("ReduceMean", {x, ints({-1})}, {{"keepdims", 1}});
  }

  Random random_;
  ModelBuilder builder_;
  std::map<std::string, Tensor> values_, constants_;
  std::map<std::string, int> uses_;  // by value
  int made_ = 0;
};

const Generator::Step Generator::kSteps[20] = {
    &Generator::conv,       &Generator::conv,        &Generator::conv_transpose,
    &Generator::activation, &Generator::clip,        &Generator::batch_normalization,
    &Generator::pool,       &Generator::global_pool, &Generator::swish_by_hand,
    &Generator::add_values, &Generator::affine,      &Generator::concat,
    &Generator::slice,      &Generator::pad,         &Generator::resize,
    &Generator::transpose,  &Generator::flatten,     &Generator::gemm,
    &Generator::matmul,     &Generator::along_axis};

}  // namespace

std::map<std::string, Tensor> RandomGraph::inputs_of_batch(std::int64_t batch,
                                                           std::uint64_t seed) const {
  Shape shape = inputs.at("x").shape();
  shape[0] = batch;
  Random random(seed);
  return {{"x", random_tensor(random, DataType::Float, shape)}};
}

RandomGraph random_graph(std::uint64_t seed, int nodes) { return Generator(seed).make(nodes); }

}  // namespace keel::test
