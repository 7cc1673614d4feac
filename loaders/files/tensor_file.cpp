#include "loaders/files/tensor_file.h"

#include <algorithm>

#include "loaders/atomic_file.h"
#include "loaders/proto_tensor.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

namespace keel {
namespace {

using loaders::ByteSource;

std::string extension(const std::string& path) {
  const std::size_t slash = path.rfind('/'), dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  std::string text = path.substr(dot);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string read_whole(const ByteSource& source) {
  std::string bytes(source.size(), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t count = source.read(done, &bytes[done], bytes.size() - done);
    if (count == 0) throw Error(ErrorCode::Io, "the file shrank while it was read");
    done += count;
  }
  return bytes;
}

const Tensor& only(const NamedTensors& tensors, const std::string& what) {
  if (tensors.size() != 1)
    throw Error(ErrorCode::BadInput, str(what, ": expected one tensor, got ", tensors.size()));
  return tensors.begin()->second;
}

Tensor read_by_extension(const ByteSource& source, const std::string& path, const RawForm& raw) {
  const std::string kind = extension(path);
  if (kind == ".npy") return read_npy(source);
  if (kind == ".npz") return only(read_npz(source), "npz");
  if (kind == ".pb") return read_pb(source, nullptr);
  if (kind == ".raw" || kind == ".bin") return read_raw(source, raw.type, raw.shape);
  throw Error(ErrorCode::BadInput, "the extension is none of .npy .npz .pb .raw");
}

}  // namespace

Tensor read_pb(const ByteSource& source, std::string* name) {
  const std::string bytes = read_whole(source);
  try {
    return parse_tensor_bytes(bytes.data(), bytes.size(), name);
  } catch (const Error& error) {
    const bool content =
        error.code() == ErrorCode::MalformedModel || error.code() == ErrorCode::Unsupported;
    throw Error(content ? ErrorCode::BadInput : error.code(), "pb: " + error.message());
  }
}

std::string pb_bytes(const Tensor& tensor, const std::string& name) {
  return tensor_to_bytes(tensor, name);
}

Tensor read_raw(const ByteSource& source, DataType type, const Shape& shape) {
  if (type == DataType::Undefined || type == DataType::String)
    throw Error(ErrorCode::BadInput, "raw: a type and a shape are needed, and no strings");
  const std::size_t bytes = storage_bytes(type, shape, Layout::Plain);
  if (bytes != source.size())
    throw Error(ErrorCode::BadInput, str("raw: ", data_type_name(type), to_string(shape), " takes ",
                                         bytes, " bytes, the file has ", source.size()));
  Tensor tensor(type, shape);
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count =
        source.read(done, static_cast<char*>(tensor.data()) + done, bytes - done);
    if (count == 0) throw Error(ErrorCode::Io, "the file shrank while it was read");
    done += count;
  }
  if (type == DataType::Bool)
    for (std::size_t i = 0; i < bytes; ++i) {
      auto& byte = tensor.data_as<std::uint8_t>()[i];
      byte = byte != 0;
    }
  return tensor;
}

Tensor read_tensor_file(const std::string& path, const RawForm& raw) {
  const ByteSource source(path);
  try {
    return read_by_extension(source, path, raw);
  } catch (const Error& error) {
    throw Error(error.code(), "'" + printable(path) + "': " + error.message());
  }
}

void write_tensor_file(const std::string& path, const NamedTensors& tensors) {
  const std::string kind = extension(path);
  std::string bytes;
  if (kind == ".npz") {
    bytes = npz_bytes(tensors);
  } else if (kind == ".npy") {
    bytes = npy_bytes(only(tensors, "npy"));
  } else if (kind == ".pb") {
    bytes = pb_bytes(only(tensors, "pb"), tensors.begin()->first);
  } else if (kind == ".raw" || kind == ".bin") {
    const Tensor& tensor = only(tensors, "raw");
    if (tensor.type() == DataType::String)
      throw Error(ErrorCode::Unsupported, "raw: strings cannot be written");
    if (tensor.byte_size() > 0)
      bytes.assign(static_cast<const char*>(tensor.data()), tensor.byte_size());
  } else {
    throw Error(ErrorCode::Usage,
                "'" + printable(path) + "': the extension is none of .npy .npz .pb .raw");
  }
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

}  // namespace keel
