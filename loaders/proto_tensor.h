// Tensor -> TensorProto, and single tensors as bytes (the .pb files of ONNX's test data).
#pragma once

#include <cstdint>
#include <string>

#include "runtime/graph.h"
#include "runtime/keel.h"

namespace onnx {
class AttributeProto;
class TensorProto;
}  // namespace onnx

namespace keel {

namespace loaders {

// Replaces type, dims and data; name, doc string and unknown fields stay.
void write_tensor(const Tensor& tensor, onnx::TensorProto& proto);

// Replaces the value; name and doc string stay. Not for graphs.
void write_attribute(const Attribute& attribute, onnx::AttributeProto& proto);

}  // namespace loaders

// The bytes of a TensorProto. Throw Error(MalformedModel), Error(Unsupported),
// Error(ResourceLimit). `name` receives the tensor's name, may be null. External data is refused.
Tensor parse_tensor_bytes(const void* bytes, std::size_t size, std::string* name);
std::string tensor_to_bytes(const Tensor& tensor, const std::string& name);

}  // namespace keel
