// Bytes that passed the pre-scan -> ModelProto, without ever holding file and message both.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "loaders/byte_source.h"
#include "loaders/prescan.h"
#include "runtime/parallel.h"

namespace onnx {
class ModelProto;
class TensorProto;
}  // namespace onnx

namespace keel::loaders {

// The bytes of large raw_data fields, read to where tensors can keep them.
struct PayloadBytes {
  std::shared_ptr<std::byte> data;
  std::uint64_t size = 0;
};
using Payloads = std::unordered_map<const onnx::TensorProto*, PayloadBytes>;

// Where `apart` is given, it takes the payloads of the scan, read by all threads, and their
// raw_data stays empty. Throws Error(MalformedModel) where protobuf refuses the bytes.
void parse_model(const ByteSource& source, const Scan& scan, onnx::ModelProto& model,
                 Parallel& parallel, Payloads* apart = nullptr);
void parse_tensor(const ByteSource& source, onnx::TensorProto& tensor);

}  // namespace keel::loaders
