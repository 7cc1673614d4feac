// Tensor data outside the model's file. The one function that opens such a file: locations are
// hostile, and ONNX itself has let them out of the model's folder three times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loaders/byte_source.h"
#include "runtime/keel.h"

namespace onnx {
class TensorProto;
}

namespace keel::loaders {

// What TensorProto.external_data says.
struct ExternalLocation {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

// Throws Error(MalformedModel) on missing, repeated and unknown keys, and on numbers that are none.
ExternalLocation parse_external(const onnx::TensorProto& tensor);

class ExternalData {
 public:
  // No folder: the model came from memory, and any external data is an error.
  ExternalData() = default;
  // `model` is the model's own file, which a location must not name; may be null. Throws Error(Io)
  // where there is no such folder.
  ExternalData(const std::string& folder, const ByteSource* model);

  // Reads `bytes` bytes into `out` by way of `allocate`, which is called once everything is
  // checked. Throws Error(MalformedModel) when the location leaves the folder (absolute, "..", a
  // link of any kind), is no regular file, or is too short; Error(Io) when it cannot be opened.
  template <typename Allocate>
  void read(const ExternalLocation& location, std::uint64_t bytes, Allocate&& allocate) const {
    const FileHandle file = open(location, bytes);
    stamps_.push_back(stamp_of(file));
    fill(file, location, bytes, allocate());
  }

  // Of the files of all tensors read so far, one each.
  const std::vector<FileStamp>& stamps() const { return stamps_; }

  // Opens a file beneath the folder without openat2, for kernels that lack it. Public for the
  // tests.
  FileHandle open_stepwise(const std::string& location) const;

 private:
  FileHandle open(const ExternalLocation& location, std::uint64_t bytes) const;
  FileHandle open_beneath(const std::string& location) const;
  void fill(const FileHandle& file, const ExternalLocation& location, std::uint64_t bytes,
            void* out) const;

  FileHandle folder_;
  std::uint64_t model_device_ = 0, model_inode_ = 0;
  mutable std::vector<FileStamp> stamps_;
};

}  // namespace keel::loaders
