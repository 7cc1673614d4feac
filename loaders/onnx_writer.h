// The original model with the changes of its graph -> a standard .onnx. Everything that no patch
// touched is written as it was read.
#pragma once

#include <string>

#include "loaders/atomic_file.h"
#include "loaders/onnx_reader.h"

namespace keel {

struct WriteOptions {
  bool external_data = false;  // large initializers go to a file beside the model
  // The bytes of weights that were replaced are given back at once. Every tensor and graph that
  // came from the LoadedModel may then only be destroyed.
  bool release_replaced = false;
};

// A model that lies in a temporary file beside its destination, to be tried out before it is put in
// place. Without commit() no file is left.
class PendingModel {
 public:
  // Takes the changes of loaded.graph over into loaded.proto, which afterwards can only be
  // destroyed. Throws Error: Io; Unsupported where the model's operator set cannot express a
  // change; ResourceLimit where the file would exceed what protobuf can hold.
  PendingModel(LoadedModel& loaded, const Graph& graph, const std::string& path,
               const WriteOptions& options = {});
  PendingModel(PendingModel&& other) noexcept;
  ~PendingModel();

  const std::string& temporary() const { return file_.temporary(); }
  void commit();

 private:
  AtomicFile file_;
  std::string data_;  // external data written for this model; removed unless committed
};

// The two steps in one.
void write_model(LoadedModel& loaded, const Graph& graph, const std::string& path,
                 const WriteOptions& options = {});

}  // namespace keel
