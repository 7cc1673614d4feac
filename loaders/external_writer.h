// External data of a model that is written to another place than it was read from.
#pragma once

#include <memory>
#include <string>

#include "loaders/atomic_file.h"
#include "onnx/onnx.pb.h"

namespace keel::loaders {

// Where external data of the model lies in another folder than `target`, the path the model is
// written to: that folder, else "".
std::string folder_left_behind(const std::string& source_folder, const std::string& target);

// Brings the external data of all tensors but the initializers of the main graph into the message.
void carry_external_data(onnx::ModelProto& model, const std::string& source_folder);

// Writes initializers into a new file beside `target` and returns its path; "" where there are
// none. Those that are external already come from `source_folder`, one at a time, and stay where
// they are if that is ""; with `all` those of kExternalFrom bytes and more in the message too. The
// caller removes the file if the model is not written after all.
constexpr std::size_t kExternalFrom = 1024;
std::string move_to_external_data(onnx::ModelProto& model, onnx::GraphProto& dropped,
                                  const std::string& source_folder, const std::string& target,
                                  bool all);

}  // namespace keel::loaders
