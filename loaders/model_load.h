// From a model that was read to one that runs.
#pragma once

#include <memory>
#include <string>

#include "loaders/onnx_reader.h"
#include "runtime/model.h"

namespace keel {

// Weights are dropped once they are packed, and read again from `path` in the rare case that other
// input shapes want them in another form. `loaded` came from there with these options, for
// Purpose::Run. Throws Error.
std::shared_ptr<const Model::State> load_state(const std::string& path, LoadedModel loaded,
                                               const Options& options);

}  // namespace keel
