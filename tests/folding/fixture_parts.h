// What the lists of fixtures are written with.
#pragma once

#include "tests/folding/fixtures.h"
#include "tests/support/random_tensor.h"

namespace keel::test {

// A fixture in the making: "x" is its first input, "y" its output, "bn" its normalisation.
class Part {
 public:
  Part(std::string name, std::string about, int opset = 17);

  Part& x(const Shape& shape, DataType type = DataType::Float);
  // Sizes may be symbols; `shape` is what it is run on.
  Part& x(const Sizes& sizes, const Shape& shape, DataType type = DataType::Float);
  Part& weights(const std::string& name, const Shape& shape, double low = -1, double high = 1);
  Part& constant(const std::string& name, Tensor tensor);
  Part& node(const std::string& op, const Strings& inputs, const std::string& output,
             const Attributes& attributes = {});
  // BatchNormalization named after its output; its parameters are `output` + "_scale" and so on.
  Part& bn(std::int64_t channels, const std::string& input, const std::string& output,
           const Attributes& attributes = {}, double lowest_scale = -2);
  Part& folded(const std::string& node);
  Part& kept(const std::string& node, const std::string& code);
  Part& partial(const std::string& node, const std::string& code);
  Part& after(int batchnorm);
  Part& tolerance(double value);
  Part& not_runnable();
  Part& foreign();
  Part& output(const std::string& name);
  // "y" is the output unless some were named.
  FoldFixture done();

  Random& random() { return random_; }
  ModelBuilder& model() { return fixture_.model; }
  DataType type() const { return type_; }

 private:
  FoldFixture fixture_;
  Random random_;
  DataType type_ = DataType::Float;
  bool outputs_ = false;
};

// The lists, by theme.
void add_producer_fixtures(std::vector<FoldFixture>& list);
void add_consumer_fixtures(std::vector<FoldFixture>& list);
void add_path_fixtures(std::vector<FoldFixture>& list);
void add_affine_fixtures(std::vector<FoldFixture>& list);
void add_refused_fixtures(std::vector<FoldFixture>& list);
void add_mode_fixtures(std::vector<FoldFixture>& list);
void add_subgraph_fixtures(std::vector<FoldFixture>& list);
void add_quantised_fixtures(std::vector<FoldFixture>& list);

}  // namespace keel::test
