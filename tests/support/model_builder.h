// Models in a few lines, as a keel::Graph (for passes) or as the bytes of an .onnx file:
//
//   ModelBuilder m;
//   m.input("x", {"N", 3, 8, 8}).constant("w", make_tensor<float>({4, 3, 1, 1}, values));
//   m.node("Conv", {"x", "w"}, {"c"}, {{"pads", Ints{1, 1, 1, 1}}}).node("Relu", {"c"}, {"y"});
//   m.output("y");
//   Graph graph = m.graph();
//   Model model = m.load();
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/graph.h"
#include "runtime/keel.h"

namespace keel::test {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Strings = std::vector<std::string>;

// One axis of a declared input or output: a size, or a symbol; -1 says nothing.
struct Size {
  Size(std::int64_t size) : size(size) {}                  // NOLINT: {"N", 3, 8, 8}
  Size(int size) : size(size) {}                           // NOLINT
  Size(std::string symbol) : symbol(std::move(symbol)) {}  // NOLINT
  Size(const char* symbol) : symbol(symbol) {}             // NOLINT
  std::int64_t size = -1;
  std::string symbol;
};
using Sizes = std::vector<Size>;

class ModelBuilder;

// As keel::Attribute, except that a subgraph is still a builder.
using BuilderAttribute = std::variant<std::int64_t, float, std::string, Ints, Floats, Strings,
                                      Tensor, std::shared_ptr<const ModelBuilder>>;
using Attributes = std::map<std::string, BuilderAttribute>;

class ModelBuilder {
 public:
  explicit ModelBuilder(int opset = 21) : opset_(opset) {}

  // No sizes at all (nullopt): the rank is not declared either.
  ModelBuilder& input(std::string name, std::optional<Sizes> dims, DataType type = DataType::Float);
  ModelBuilder& constant(std::string name, Tensor value);
  // "" among inputs or outputs: absent. Nodes are named after their first output.
  ModelBuilder& node(std::string op, Strings inputs, Strings outputs, Attributes attributes = {},
                     std::string domain = "");
  // Undefined: the model does not say the type.
  ModelBuilder& output(std::string name, DataType type = DataType::Undefined,
                       std::optional<Sizes> dims = std::nullopt);

  // A function `name` of the domain "local": inputs, nodes and outputs of `body`.
  ModelBuilder& function(std::string name, ModelBuilder body);

  // The graph as written here, linked; no upgrade of opsets, no inference. No subgraphs, no
  // functions.
  Graph graph() const;
  std::string onnx() const;
  Model load(const Options& options = {}) const;

 private:
  struct Declared {
    std::string name;
    DataType type;
    std::optional<Sizes> dims;
  };
  struct Call {
    std::string op, domain;
    Strings inputs, outputs;
    Attributes attributes;
  };
  std::string graph_bytes() const;
  std::vector<std::string> node_bytes() const;
  friend std::string subgraph_bytes(const ModelBuilder& builder);

  int opset_;
  std::vector<Declared> inputs_, outputs_;
  std::vector<std::pair<std::string, Tensor>> constants_;
  std::vector<Call> nodes_;
  std::vector<std::pair<std::string, ModelBuilder>> functions_;
};

// A tensor as the bytes of a TensorProto, its elements in raw_data (strings in string_data).
std::string tensor_bytes(const Tensor& tensor, const std::string& name);

// A subgraph attribute: {"then_branch", subgraph(branch)}.
inline std::shared_ptr<const ModelBuilder> subgraph(ModelBuilder builder) {
  return std::make_shared<const ModelBuilder>(std::move(builder));
}

}  // namespace keel::test
