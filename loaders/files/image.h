// Images: .png .jpg .jpeg .ppm .pgm, and how they become a model's input.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loaders/byte_source.h"
#include "runtime/keel.h"

namespace keel {

// [height, width, channels], 8 bits each; 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
struct Image {
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
};

// By content, not by name. 16-bit samples are scaled to 8 bits, palettes resolved. Throw Error(Io),
// Error(BadInput) for broken files, Error(ResourceLimit) beyond kMaxImageBytes of pixels.
constexpr std::int64_t kMaxImageBytes = std::int64_t{1} << 28;
Image read_image(const loaders::ByteSource& source);
Image read_image(const std::string& path);
bool is_image_path(const std::string& path);

// The formats behind read_image.
Image read_png(const loaders::ByteSource& source);
Image read_jpeg(const loaders::ByteSource& source);
Image read_ppm(const loaders::ByteSource& source);

enum class Resize { Nearest, Bilinear };

struct ImageForm {
  std::int64_t height = -1, width = -1;  // -1: as the image has it
  std::int64_t channels = -1;            // 1 or 3; alpha is dropped
  bool channels_last = false;            // [1, H, W, C] instead of [1, C, H, W]
  // y = (x - mean[c]) * scale[c] with x from 0 to 255; one number serves all channels.
  std::vector<float> mean = {0};
  std::vector<float> scale = {1.0F / 255};
  Resize resize = Resize::Bilinear;
  DataType type = DataType::Float;  // or Uint8: the samples themselves, no mean and scale
};

// Throws Error(BadInput) where mean or scale have neither one number nor one for each channel.
Tensor image_tensor(const Image& image, const ImageForm& form);

}  // namespace keel
