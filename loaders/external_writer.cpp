#include "loaders/external_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <unordered_set>

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

bool is_external(const onnx::TensorProto& tensor) {
  return tensor.data_location() == onnx::TensorProto::EXTERNAL;
}

// Tensors one behind the other, each at the beginning of a page.
class DataFile {
 public:
  explicit DataFile(const std::string& target) : path_(unused_name(target)) {}

  void add(const void* data, std::size_t size, onnx::TensorProto& tensor) {
    constexpr std::size_t kPage = 4096;
    if (file_ == nullptr) file_ = std::make_unique<AtomicFile>(path_);
    const std::string padding((kPage - offset_ % kPage) % kPage, '\0');
    file_->write(padding.data(), padding.size());
    offset_ += padding.size();
    file_->write(data, size);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    tensor.clear_external_data();
    add_entry(tensor, "location", path_.substr(path_.rfind('/') + 1));
    add_entry(tensor, "offset", std::to_string(offset_));
    add_entry(tensor, "length", std::to_string(size));
    offset_ += size;
  }

  // The path; "" where nothing was added.
  std::string commit() {
    if (file_ == nullptr) return "";
    file_->commit();
    return path_;
  }

 private:
  std::string path_;
  std::unique_ptr<AtomicFile> file_;
  std::size_t offset_ = 0;
};

}  // namespace

std::string folder_left_behind(const std::string& source_folder, const std::string& target) {
  const bool stays = source_folder.empty() || same_folder(source_folder, folder_of(target));
  return stays ? "" : source_folder;
}

void carry_external_data(onnx::ModelProto& model, const std::string& source_folder) {
  const ExternalData external(source_folder, nullptr);
  TensorDoor door;
  door.external = &external;
  std::unordered_set<const onnx::TensorProto*> own;
  for (const onnx::TensorProto& tensor : model.graph().initializer()) own.insert(&tensor);
  TensorWalk walk([&](onnx::TensorProto& tensor) {
    if (is_external(tensor) && own.count(&tensor) == 0)
      write_tensor(read_tensor(tensor, door), tensor);
  });
  walk.model(model);
}

std::string move_to_external_data(onnx::ModelProto& model, onnx::GraphProto& dropped,
                                  const std::string& source_folder, const std::string& target,
                                  bool all) {
  std::unique_ptr<ExternalData> source;
  TensorDoor door;
  if (!source_folder.empty()) {
    source = std::make_unique<ExternalData>(source_folder, nullptr);
    door.external = source.get();
  }
  DataFile file(target);
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (is_external(tensor)) {
      if (source == nullptr) continue;
      const Tensor data = read_tensor(tensor, door);
      if (data.byte_size() < kExternalFrom)
        write_tensor(data, tensor);
      else
        file.add(data.data(), data.byte_size(), tensor);
    } else if (all && tensor.raw_data().size() >= kExternalFrom) {
      file.add(tensor.raw_data().data(), tensor.raw_data().size(), tensor);
      dropped.add_initializer()->set_allocated_raw_data(tensor.release_raw_data());
    }
  }
  return file.commit();
}

}  // namespace keel::loaders
