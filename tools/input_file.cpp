#include "tools/input_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "loaders/files/image.h"
#include "loaders/files/tensor_file.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

namespace keel::tools {
namespace {

namespace fs = std::filesystem;

// The size the model declares for an axis; -1 where it leaves that open.
std::int64_t declared(const ValueInfo& input, std::size_t axis) {
  return input.ranked && axis < input.dims.size() ? input.dims[axis].size : -1;
}

Tensor image_input(const std::string& path, const ValueInfo& input, const ImageFlags& flags) {
  ImageForm form;
  const std::size_t spatial = flags.nhwc ? 1 : 2;
  form.height = declared(input, spatial);
  form.width = declared(input, spatial + 1);
  form.channels = declared(input, flags.nhwc ? 3 : 1);
  form.channels_last = flags.nhwc;
  if (!flags.mean.empty()) form.mean = flags.mean;
  if (!flags.scale.empty()) form.scale = flags.scale;
  form.type = input.type;
  return image_tensor(read_image(path), form);
}

// Tensors of the same type and shape but for axis 0, one behind the other along it.
Tensor stacked(const std::vector<Tensor>& parts, const std::string& path) {
  Shape shape = parts.front().shape();
  shape[0] = 0;
  for (const Tensor& part : parts) {
    Shape same = part.shape();
    same[0] = parts.front().shape()[0];
    if (same != parts.front().shape())
      throw Error(ErrorCode::BadInput, "'" + printable(path) + "': the images differ in size");
    shape[0] += part.shape()[0];
  }
  Tensor batch(parts.front().type(), shape);
  auto* to = static_cast<std::byte*>(batch.data());
  for (const Tensor& part : parts) {
    std::memcpy(to, part.data(), part.byte_size());
    to += part.byte_size();
  }
  return batch;
}

// A test_data_set_N of ONNX (input_0.pb is the first input), or images by name.
Tensor folder_input(const std::string& path, const ValueInfo& input, const ImageFlags& flags) {
  std::vector<std::string> images;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string file = entry.path().string();
    if (is_image_path(file)) images.push_back(file);
    std::string name;
    if (entry.path().extension() == ".pb" &&
        entry.path().filename().string().rfind("input_", 0) == 0) {
      const Tensor tensor = read_pb(loaders::ByteSource(file), &name);
      if (name == input.name) return tensor;
    }
  }
  if (images.empty())
    throw Error(ErrorCode::BadInput, "'" + printable(path) +
                                         "' holds no image, and no input_*.pb "
                                         "of the name '" +
                                         printable(input.name) + "'");
  std::sort(images.begin(), images.end());
  std::vector<Tensor> parts;
  for (const std::string& image : images) parts.push_back(image_input(image, input, flags));
  return stacked(parts, path);
}

// The shape of raw elements: the declared one, in which one open dim follows from the file's size.
Tensor raw_input(const std::string& path, const ValueInfo& input) {
  Shape shape;
  std::int64_t known = 1;
  int open = 0;
  for (const Dimension& dim : input.dims) {
    shape.push_back(dim.size);
    if (dim.size < 0)
      ++open;
    else
      known = checked_mul(known, dim.size);
  }
  if (!input.ranked || open > 1)
    throw Error(ErrorCode::BadInput, "'" + printable(path) +
                                         "': the shape of raw data does not "
                                         "follow from the model; use --dim, or .npy");
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  const auto elements = static_cast<std::int64_t>(error ? 0 : bytes / element_size(input.type));
  for (std::int64_t& size : shape)
    if (size < 0) size = known == 0 ? 0 : elements / known;
  return read_tensor_file(path, {input.type, shape});
}

Tensor npz_input(const std::string& path, const ValueInfo& input) {
  NamedTensors all = read_npz(loaders::ByteSource(path));
  if (const auto it = all.find(std::string(input.name)); it != all.end()) return it->second;
  if (all.size() == 1) return all.begin()->second;
  throw Error(ErrorCode::BadInput,
              "'" + printable(path) + "' holds no array '" + printable(input.name) + "'");
}

// "-": a .npy from standard input.
Tensor stdin_input() {
  const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
  return read_npy(loaders::ByteSource(bytes.data(), bytes.size()));
}

}  // namespace

Tensor read_input_file(const std::string& path, const ValueInfo& input, const ImageFlags& flags) {
  if (path == "-") return stdin_input();
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return folder_input(path, input, flags);
  if (is_image_path(path)) return image_input(path, input, flags);
  const std::string extension = fs::path(path).extension().string();
  if (extension == ".npz") return npz_input(path, input);
  if (extension == ".raw") return raw_input(path, input);
  return read_tensor_file(path);
}

}  // namespace keel::tools
