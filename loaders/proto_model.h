// What the reader leaves for the writer.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "onnx/onnx.pb.h"
#include "runtime/graph.h"

namespace keel {

namespace loaders {

// One graph as it was read. Node and value ids are those of the Graph the reader returned.
struct GraphRecord {
  std::vector<Node> nodes;
  std::vector<std::shared_ptr<const Tensor>> constants;  // by value
  std::vector<std::string> value_names;
  std::vector<ValueId> outputs;
  std::vector<onnx::NodeProto*> protos;  // by node; in ProtoModel::expanded for inlined ones
  std::vector<bool> inlined;             // by node
  std::map<std::pair<NodeId, std::string>, std::unique_ptr<GraphRecord>> subgraphs;
};

// Everything that tensors may borrow from. They keep it alive, so it holds no tensors itself.
struct Messages {
  onnx::ModelProto model;
  std::deque<onnx::NodeProto> expanded;  // bodies of local functions, a copy for each call
  onnx::GraphProto dropped;              // what the writer has taken out of the model
};

}  // namespace loaders

struct ProtoModel {
  std::shared_ptr<loaders::Messages> messages;
  std::string folder;  // of external data; "" where there is none
  loaders::GraphRecord main;
};

}  // namespace keel
