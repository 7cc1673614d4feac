// Model::load: declared in runtime/keel.h, defined here, so that runtime/ need not know of files.
#include "loaders/model_load.h"

#include "runtime/error.h"
#include "runtime/memory_block.h"

namespace keel {

std::shared_ptr<const Model::State> load_state(const std::string& path, LoadedModel loaded,
                                               const Options& options) {
  require_supported(loaded);
  const auto reload = [path, options, files = loaded.files] {
    LoadedModel again = read_model(path, options);
    if (!(again.files == files))
      throw Error(ErrorCode::Io,
                  "'" + printable(path) +
                      "' has changed since the model was loaded, and these input shapes take its "
                      "weights once more",
                  "", "", "plan");
    return std::move(again.graph);
  };
  return build_model(std::move(loaded.graph), options, reload);
}

Model Model::load(const std::string& path, const Options& options) {
  const WeightReuse reuse;
  return Model(load_state(path, read_model(path, options), options));
}

// The caller's bytes may be gone by the time of a run, so the constants stay.
Model Model::load(const void* bytes, std::size_t size, const Options& options) {
  return Model(build_model(read_graph(bytes, size, options), options));
}

}  // namespace keel
