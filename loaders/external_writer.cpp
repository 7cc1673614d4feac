#include "loaders/external_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "loaders/external_data.h"
#include "loaders/onnx_tensor.h"
#include "loaders/proto_tensor.h"
#include "runtime/error.h"

namespace keel::loaders {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool same_folder(const std::string& a, const std::string& b) {
  struct stat first = {}, second = {};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Calls visit(tensor) for every tensor of the model.
template <typename Visit>
class TensorWalk {
 public:
  explicit TensorWalk(Visit visit) : visit_(visit) {}

  void model(onnx::ModelProto& model) {
    graph(*model.mutable_graph());
    for (onnx::FunctionProto& function : *model.mutable_functions())
      for (onnx::NodeProto& inner : *function.mutable_node()) node(inner);
  }

 private:
  void graph(onnx::GraphProto& graph) {
    for (onnx::TensorProto& tensor : *graph.mutable_initializer()) visit_(tensor);
    for (onnx::SparseTensorProto& tensor : *graph.mutable_sparse_initializer()) sparse(tensor);
    for (onnx::NodeProto& inner : *graph.mutable_node()) node(inner);
  }
  void node(onnx::NodeProto& node) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) visit_(*attribute.mutable_t());
      for (onnx::TensorProto& tensor : *attribute.mutable_tensors()) visit_(tensor);
      if (attribute.has_sparse_tensor()) sparse(*attribute.mutable_sparse_tensor());
      for (auto& tensor : *attribute.mutable_sparse_tensors()) sparse(tensor);
      if (attribute.has_g()) graph(*attribute.mutable_g());
      for (onnx::GraphProto& inner : *attribute.mutable_graphs()) graph(inner);
    }
  }
  void sparse(onnx::SparseTensorProto& tensor) {
    if (tensor.has_values()) visit_(*tensor.mutable_values());
    if (tensor.has_indices()) visit_(*tensor.mutable_indices());
  }

  Visit visit_;
};

void add_entry(onnx::TensorProto& tensor, const char* key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(value);
}

// A name beside the target that no file has: data of an older model must stay until that is gone.
std::string unused_name(const std::string& target) {
  for (int i = 1;; ++i) {
    const std::string path = target + ".data" + (i == 1 ? "" : std::to_string(i));
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0) return path;
  }
}

}  // namespace

void carry_external_data(onnx::ModelProto& model, const std::string& source_folder,
                         const std::string& target) {
  if (source_folder.empty() || same_folder(source_folder, folder_of(target))) return;
  const ExternalData external(source_folder, nullptr);
  TensorDoor door;
  door.external = &external;
  TensorWalk walk([&](onnx::TensorProto& tensor) {
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
      write_tensor(read_tensor(tensor, door), tensor);
  });
  walk.model(model);
}

std::string move_to_external_data(onnx::ModelProto& model, onnx::GraphProto& dropped,
                                  const std::string& target) {
  constexpr std::size_t kPage = 4096;
  const std::string path = unused_name(target);
  const std::string location = path.substr(path.rfind('/') + 1);
  std::unique_ptr<AtomicFile> file;
  std::size_t offset = 0;
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.raw_data().size() < kExternalFrom) continue;
    if (file == nullptr) file = std::make_unique<AtomicFile>(path);
    const std::string padding((kPage - offset % kPage) % kPage, '\0');
    file->write(padding.data(), padding.size());
    offset += padding.size();
    file->write(tensor.raw_data().data(), tensor.raw_data().size());
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    add_entry(tensor, "location", location);
    add_entry(tensor, "offset", std::to_string(offset));
    add_entry(tensor, "length", std::to_string(tensor.raw_data().size()));
    offset += tensor.raw_data().size();
    dropped.add_initializer()->set_allocated_raw_data(tensor.release_raw_data());
  }
  if (file == nullptr) return "";
  file->commit();
  return path;
}

}  // namespace keel::loaders
