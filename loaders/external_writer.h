// External data of a model that is written to another place than it was read from.
#pragma once

#include <memory>
#include <string>

#include "loaders/atomic_file.h"
#include "onnx/onnx.pb.h"

namespace keel::loaders {

// Brings the external data of every tensor of the model into the message, unless `target`, the path
// the model is written to, lies in the folder the data is in already.
void carry_external_data(onnx::ModelProto& model, const std::string& source_folder,
                         const std::string& target);

// Moves initializers of kExternalFrom bytes and more into a new file beside `target` and returns
// its path; "" where there are none. The caller removes it if the model is not written after all.
constexpr std::size_t kExternalFrom = 1024;
std::string move_to_external_data(onnx::ModelProto& model, onnx::GraphProto& dropped,
                                  const std::string& target);

}  // namespace keel::loaders
