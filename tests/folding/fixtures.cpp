#include "tests/folding/fixtures.h"

#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

// FNV-1a: every fixture has numbers of its own, which do not depend on its place in the list.
std::uint64_t seed_of(const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

Part::Part(std::string name, std::string about, int opset)
    : fixture_{std::move(name),
               std::move(about),
               ModelBuilder(opset),
               {},
               {},
               0,
               1e-6,
               true,
               false},
      random_(seed_of(fixture_.name)) {}

Part& Part::x(const Shape& shape, DataType type) {
  return x(Sizes(shape.begin(), shape.end()), shape, type);
}

Part& Part::x(const Sizes& sizes, const Shape& shape, DataType type) {
  type_ = type;
  fixture_.model.input("x", sizes, type);
  fixture_.inputs["x"] = random_tensor(random_, type, shape);
  return *this;
}

Part& Part::weights(const std::string& name, const Shape& shape, double low, double high) {
  return constant(name, random_tensor(random_, type_, shape, low, high));
}

Part& Part::constant(const std::string& name, Tensor tensor) {
  fixture_.model.constant(name, std::move(tensor));
  return *this;
}

Part& Part::node(const std::string& op, const Strings& inputs, const std::string& output,
                 const Attributes& attributes) {
  fixture_.model.node(op, inputs, {output}, attributes);
  return *this;
}

Part& Part::bn(std::int64_t channels, const std::string& input, const std::string& output,
               const Attributes& attributes, double lowest_scale) {
  weights(output + "_scale", {channels}, lowest_scale, 2);
  weights(output + "_bias", {channels});
  weights(output + "_mean", {channels});
  weights(output + "_var", {channels}, 0.2, 3);
  return node("BatchNormalization",
              {input, output + "_scale", output + "_bias", output + "_mean", output + "_var"},
              output, attributes);
}

Part& Part::folded(const std::string& node) {
  fixture_.records.push_back({node, "folded", ""});
  return *this;
}

Part& Part::kept(const std::string& node, const std::string& code) {
  fixture_.records.push_back({node, "kept", code});
  return *this;
}

Part& Part::partial(const std::string& node, const std::string& code) {
  fixture_.records.push_back({node, "partial", code});
  return *this;
}

Part& Part::after(int batchnorm) {
  fixture_.batchnorm_after = batchnorm;
  return *this;
}

Part& Part::tolerance(double value) {
  fixture_.tolerance = value;
  return *this;
}

Part& Part::not_runnable() {
  fixture_.runnable = false;
  return *this;
}

Part& Part::foreign() {
  fixture_.foreign = true;
  return *this;
}

Part& Part::output(const std::string& name) {
  fixture_.model.output(name, type_);
  outputs_ = true;
  return *this;
}

FoldFixture Part::done() {
  if (!outputs_) output("y");
  return std::move(fixture_);
}

const std::vector<FoldFixture>& fold_fixtures() {
  static const std::vector<FoldFixture> list = [] {
    std::vector<FoldFixture> all;
    add_producer_fixtures(all);
    add_consumer_fixtures(all);
    add_path_fixtures(all);
    add_affine_fixtures(all);
    add_refused_fixtures(all);
    add_mode_fixtures(all);
    add_subgraph_fixtures(all);
    add_quantised_fixtures(all);
    return all;
  }();
  return list;
}

}  // namespace keel::test
