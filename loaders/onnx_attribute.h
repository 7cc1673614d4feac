// AttributeProto -> Attribute, except for graphs.
#pragma once

#include <optional>

#include "loaders/onnx_tensor.h"
#include "onnx/onnx.pb.h"
#include "runtime/graph.h"

namespace keel::loaders {

// The declared type, or for files that declare none, the one field that is set. `node` is for
// messages. Throws Error(MalformedModel) where another field is filled than the type says.
onnx::AttributeProto::AttributeType attribute_type(const onnx::AttributeProto& proto,
                                                   const Node& node);

// nullopt for what the engine has no use for (types, lists of tensors, lists of graphs) and GRAPH.
std::optional<Attribute> read_attribute(onnx::AttributeProto& proto,
                                        onnx::AttributeProto::AttributeType type, TensorDoor& door);

// What a Constant node holds in whichever of its attributes. Throws Error(MalformedModel).
Tensor constant_value(const Node& node);

}  // namespace keel::loaders
