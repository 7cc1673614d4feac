#include "loaders/files/image.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"

namespace keel {
namespace {

constexpr const char* kExtensions[] = {".png", ".jpg", ".jpeg", ".ppm", ".pgm"};

bool ends_with(const std::string& text, const std::string& end) {
  if (text.size() < end.size()) return false;
  return std::equal(end.rbegin(), end.rend(), text.rbegin(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
}

// Sample c of `channels` wanted ones: grey is repeated, colour weighed as in ITU-R BT.601.
float sample(const std::uint8_t* pixel, std::int64_t available, std::int64_t wanted,
             std::int64_t c) {
  const bool grey = available <= 2;
  if (wanted == 1 && !grey) return 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
  return pixel[grey ? 0 : c];
}

// The image as floats [H, W, C] with C of 1 or 3.
std::vector<float> to_floats(const Image& image, std::int64_t channels) {
  std::vector<float> floats(static_cast<std::size_t>(image.height * image.width * channels));
  const std::uint8_t* pixel = image.pixels.data();
  float* out = floats.data();
  for (std::int64_t i = 0; i < image.height * image.width; ++i, pixel += image.channels)
    for (std::int64_t c = 0; c < channels; ++c) *out++ = sample(pixel, image.channels, channels, c);
  return floats;
}

// Where an output row or column lies in the input, between `low` and `high`.
struct Tap {
  std::int64_t low, high;
  float weight;  // of `high`
};

// Pixel centres lie at half-integers: x_in = (x + 0.5) * in / out - 0.5.
std::vector<Tap> taps(std::int64_t in, std::int64_t out, Resize resize) {
  std::vector<Tap> result(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const double ratio = static_cast<double>(in) / static_cast<double>(out);
    const double x = (static_cast<double>(i) + 0.5) * ratio;
    if (resize == Resize::Nearest) {
      const auto at = std::min(static_cast<std::int64_t>(x), in - 1);
      result[static_cast<std::size_t>(i)] = {at, at, 0};
      continue;
    }
    const double centre = std::clamp(x - 0.5, 0.0, static_cast<double>(in - 1));
    const auto low = static_cast<std::int64_t>(centre);
    result[static_cast<std::size_t>(i)] = {low, std::min(low + 1, in - 1),
                                           static_cast<float>(centre - static_cast<double>(low))};
  }
  return result;
}

std::vector<float> resized(const std::vector<float>& in, const Image& image, std::int64_t channels,
                           std::int64_t height, std::int64_t width, Resize resize) {
  const std::vector<Tap> rows = taps(image.height, height, resize);
  const std::vector<Tap> columns = taps(image.width, width, resize);
  std::vector<float> out(static_cast<std::size_t>(height * width * channels));
  float* y = out.data();
  for (const Tap& row : rows)
    for (const Tap& column : columns)
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto at = [&](std::int64_t h, std::int64_t w) {
          return in[static_cast<std::size_t>((h * image.width + w) * channels + c)];
        };
        const float top = at(row.low, column.low) * (1 - column.weight) +
                          at(row.low, column.high) * column.weight;
        const float bottom = at(row.high, column.low) * (1 - column.weight) +
                             at(row.high, column.high) * column.weight;
        *y++ = top * (1 - row.weight) + bottom * row.weight;
      }
  return out;
}

float of_channel(const std::vector<float>& values, std::int64_t c, std::int64_t channels,
                 const char* what) {
  if (values.size() != 1 && static_cast<std::int64_t>(values.size()) != channels)
    throw Error(ErrorCode::BadInput, str("image: expected 1 or ", channels, " numbers for ", what,
                                         ", got ", values.size()));
  return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(c)];
}

}  // namespace

bool is_image_path(const std::string& path) {
  return std::any_of(std::begin(kExtensions), std::end(kExtensions),
                     [&](const char* extension) { return ends_with(path, extension); });
}

Image read_image(const loaders::ByteSource& source) {
  unsigned char head[2] = {};
  if (source.read(0, head, 2) < 2) throw Error(ErrorCode::BadInput, "the image is empty");
  if (head[0] == 0x89 && head[1] == 'P') return read_png(source);
  if (head[0] == 0xFF && head[1] == 0xD8) return read_jpeg(source);
  if (head[0] == 'P' && (head[1] == '5' || head[1] == '6')) return read_ppm(source);
  throw Error(ErrorCode::BadInput, "the file is no PNG, JPEG or binary PPM image");
}

Image read_image(const std::string& path) {
  const loaders::ByteSource source(path);
  try {
    return read_image(source);
  } catch (const Error& error) {
    throw Error(error.code(), "'" + printable(path) + "': " + error.message());
  }
}

Tensor image_tensor(const Image& image, const ImageForm& form) {
  const std::int64_t channels =
      form.channels >= 0 ? form.channels : std::int64_t{image.channels <= 2 ? 1 : 3};
  const std::int64_t height = form.height >= 0 ? form.height : image.height;
  const std::int64_t width = form.width >= 0 ? form.width : image.width;
  if (channels != 1 && channels != 3)
    throw Error(ErrorCode::BadInput, str("image: an input of ", channels, " channels is no image"));
  if (form.type != DataType::Float && form.type != DataType::Uint8)
    throw Error(ErrorCode::BadInput, "image: an image becomes float or uint8, not " +
                                         std::string(data_type_name(form.type)));
  const Shape shape =
      form.channels_last ? Shape{1, height, width, channels} : Shape{1, channels, height, width};
  Tensor tensor(form.type, shape);
  std::vector<float> pixels = to_floats(image, channels);
  if (height != image.height || width != image.width)
    pixels = resized(pixels, image, channels, height, width, form.resize);
  const std::int64_t plane = height * width;
  for (std::int64_t c = 0; c < channels; ++c) {
    const float mean = of_channel(form.mean, c, channels, "the mean");
    const float scale = of_channel(form.scale, c, channels, "the scale");
    for (std::int64_t i = 0; i < plane; ++i) {
      const float x = pixels[static_cast<std::size_t>(i * channels + c)];
      const std::int64_t at = form.channels_last ? i * channels + c : c * plane + i;
      if (form.type == DataType::Uint8)
        tensor.data_as<std::uint8_t>()[at] = static_cast<std::uint8_t>(std::lround(x));
      else
        tensor.data_as<float>()[at] = (x - mean) * scale;
    }
  }
  return tensor;
}

}  // namespace keel
