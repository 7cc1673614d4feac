// An ONNX model -> Graph. Protobuf types stay inside loaders/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loaders/byte_source.h"
#include "runtime/graph.h"
#include "runtime/keel.h"

namespace keel {

// An operator the engine does not have, at one node.
struct UnsupportedNode {
  std::string node, op, domain;
  int opset = 0;
  std::string reason;
};

// What the file says of itself.
struct ModelInfo {
  std::uint64_t bytes = 0;  // of the file, without external data
  std::int64_t ir_version = 0, model_version = 0;
  std::string producer_name, producer_version, domain, doc_string;
  std::map<std::string, std::int64_t> opsets;  // by domain; "" is ai.onnx
  std::map<std::string, std::string> metadata;
};

// Run: tensors take their data out of the message, which is then dropped. Write: the message is
// kept whole for write_model(), and tensors borrow from it.
enum class Purpose { Run, Write };

// The message a graph came from, and which part of the graph came from where.
struct ProtoModel;

struct LoadedModel {
  Graph graph;
  std::vector<UnsupportedNode> unsupported;  // all of them; such nodes are in the graph as they are
  ModelInfo info;
  std::shared_ptr<ProtoModel> proto;      // null for Purpose::Run
  std::vector<loaders::FileStamp> files;  // that it came from; of external data, one a tensor
};

// Throw Error: Io, MalformedModel, ResourceLimit, and Unsupported for opsets and types (but not for
// operators). Every form of an operator from opset 1 to kNewestOpset is brought to the newest one.
constexpr int kNewestOpset = 25;
LoadedModel read_model(const std::string& path, const Options& options = {},
                       Purpose purpose = Purpose::Run);
LoadedModel read_model(const void* bytes, std::size_t size, const Options& options = {},
                       Purpose purpose = Purpose::Run);

// Throws Error(Unsupported) naming every node whose operator the engine does not have.
void require_supported(const LoadedModel& model);

// The two together.
Graph read_graph(const std::string& path, const Options& options = {});
Graph read_graph(const void* bytes, std::size_t size, const Options& options = {});

}  // namespace keel
