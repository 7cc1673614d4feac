// Model::load: declared in runtime/keel.h, defined here, so that runtime/ need not know of files.
#include "loaders/onnx_reader.h"
#include "runtime/model.h"

namespace keel {

Model Model::load(const std::string& path, const Options& options) {
  return Model(build_model(read_graph(path, options), options));
}

Model Model::load(const void* bytes, std::size_t size, const Options& options) {
  return Model(build_model(read_graph(bytes, size, options), options));
}

}  // namespace keel
