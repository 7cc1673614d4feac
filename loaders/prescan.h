// Walks the wire format of a model before protobuf sees it. Protobuf parsing is an allocation bomb:
// a node of two bytes becomes 140. Nothing is allocated here in proportion to the model, and the
// payloads of tensors are skipped, not read.
#pragma once

#include <cstdint>
#include <vector>

#include "loaders/byte_source.h"

namespace keel::loaders {

struct ScanLimits {
  int subgraph_depth = 32;
  std::int64_t nodes = 1'000'000;
  // Parsed memory may take memory_factor x the size of the file + memory_base. The nodes
  // themselves, which have a limit of their own, are not counted.
  std::uint64_t memory_factor = 8;
  std::uint64_t memory_base = 48u << 20;
};

// A range of bytes of the model.
struct Range {
  std::uint64_t begin = 0, end = 0;
};

// A large raw_data field of an initializer of the main graph.
struct Payload {
  Range tensor_field;  // tag, length and bytes of the initializer
  Range tensor;        // its bytes
  Range data_field;    // tag, length and bytes of raw_data
  Range data;          // its bytes
};

struct Scan {
  Range graph_field;  // tag, length and bytes of ModelProto.graph
  Range graph;
  std::vector<Payload> payloads;  // of at least kLargePayload bytes, in order
  std::int64_t nodes = 0;
};

constexpr std::uint64_t kLargePayload = 64u << 10;

// Messages in messages: subgraphs of the allowed depth take three each, and their types a few more.
constexpr int kMaxNesting = 128;

// Throws Error(MalformedModel) where the bytes are no model, naming the offset, and
// Error(ResourceLimit) where it exceeds the limits.
Scan prescan(const ByteSource& source, const ScanLimits& limits = {});

// As prescan, for the bytes of a single TensorProto.
void prescan_tensor(const ByteSource& source, const ScanLimits& limits = {});

}  // namespace keel::loaders
