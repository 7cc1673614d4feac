// Bytes that passed the pre-scan -> ModelProto, without ever holding file and message both.
#pragma once

#include "loaders/byte_source.h"
#include "loaders/prescan.h"

namespace onnx {
class ModelProto;
class TensorProto;
}  // namespace onnx

namespace keel::loaders {

// Throws Error(MalformedModel) where protobuf refuses the bytes.
void parse_model(const ByteSource& source, const Scan& scan, onnx::ModelProto& model);
void parse_tensor(const ByteSource& source, onnx::TensorProto& tensor);

}  // namespace keel::loaders
