// Local functions of a model, replaced by their bodies at each call.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "loaders/opsets.h"
#include "onnx/onnx.pb.h"

namespace keel::loaders {

struct InlinedNode {
  onnx::NodeProto* node;
  const Opsets* opsets;  // of the function it stands in
};

class FunctionInliner {
 public:
  // Throws Error(MalformedModel) on functions defined twice or calling themselves by whatever way,
  // and Error(ResourceLimit) when the model would have too many nodes, or bytes, after inlining.
  explicit FunctionInliner(const onnx::ModelProto& model);

  bool is_call(const onnx::NodeProto& node) const { return find(node) != nullptr; }

  // Appends the nodes the call stands for, which live in `arena`. Their names and those of values
  // that are not the call's own begin with "<name>#<number of the call>/". Calls inside are
  // expanded too; calls inside subgraphs are not.
  void expand(const onnx::NodeProto& call, const std::string& name,
              std::deque<onnx::NodeProto>& arena, std::vector<InlinedNode>& out);

 private:
  struct Size {
    std::int64_t nodes = 0, bytes = 0;
  };
  struct Function {
    const onnx::FunctionProto* proto;
    Opsets opsets;
    std::unordered_map<std::string, onnx::AttributeProto> defaults;
    enum { Unseen, Open, Done } state = Unseen;
    Size size;
  };

  const Function* find(const onnx::NodeProto& node) const;
  void add(const onnx::FunctionProto& proto);
  Size measure(const onnx::NodeProto& node, int depth);
  Size measure(const onnx::GraphProto& graph, int depth);
  const Size& measure(Function& function, int depth);

  std::unordered_map<std::string, Function> functions_;
  int calls_ = 0;
};

}  // namespace keel::loaders
