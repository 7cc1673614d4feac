// Just enough of ONNX's protobuf messages, read by hand: tensors, and what a model says of itself.
// It trusts its input, and shares nothing with the reader under test.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/keel.h"

namespace keel::conformance {

std::string read_file(const std::filesystem::path& path);

// Throws std::runtime_error for what is not a TensorProto.
Tensor parse_tensor(const std::string& bytes);

struct Declared {
  std::string name;
  bool is_tensor = true;  // false: a sequence, an optional, a map
  DataType type = DataType::Undefined;
  Shape dims;  // symbolic or missing: 1
};

struct Outline {
  std::vector<Declared> inputs, outputs;  // inputs without initializers
  std::vector<std::string> ops;  // of the main graph, in order; "domain.Op" outside ai.onnx
};
Outline parse_outline(const std::string& model);

}  // namespace keel::conformance
