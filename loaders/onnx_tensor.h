// The one door through which every TensorProto, at any depth of a model, becomes a Tensor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "loaders/external_data.h"
#include "loaders/onnx_parse.h"
#include "runtime/keel.h"

namespace onnx {
class SparseTensorProto;
class TensorProto;
class TypeProto;
}  // namespace onnx

namespace keel::loaders {

constexpr int kMaxRank = 32;

struct TensorDoor {
  const ExternalData* external = nullptr;  // null: no external data at all
  // Set: the message stays as it is, tensors borrow from it and keep this alive. Null: the data
  // moves out of the message, so that each tensor can be freed on its own.
  std::shared_ptr<void> keeper;
  // Large raw_data that was read apart from the messages; taken from here. May be null.
  Payloads* payloads = nullptr;
  // Bytes that sparse tensors may still take when made dense.
  std::uint64_t dense_budget = 64u << 20;
  // Bytes that external data may still take: a file with holes promises much and costs nothing.
  std::uint64_t external_budget = UINT64_MAX;
};

// A declared element type. Throws Error(Unsupported) for UNDEFINED and for types we do not know;
// `what` names the tensor.
DataType checked_type(std::int32_t type, const std::string& what);

// Checks type, dims, counts and ranges. Throws Error(MalformedModel), Error(Unsupported) for an
// unknown type or a rank beyond kMaxRank.
Tensor read_tensor(onnx::TensorProto& proto, TensorDoor& door);
// Zeros except for the listed elements.
Tensor read_sparse_tensor(onnx::SparseTensorProto& proto, TensorDoor& door);

}  // namespace keel::loaders
