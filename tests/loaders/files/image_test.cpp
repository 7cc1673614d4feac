#include "loaders/files/image.h"

#include <gtest/gtest.h>
// jpeglib.h needs <cstdio>.
#include <jpeglib.h>
#include <png.h>

#include <cstdio>
#include <cstdlib>

#include "tests/loaders/outcome.h"

namespace keel {
namespace {

using namespace test;
using loaders::ByteSource;

Image read(const std::string& bytes) { return read_image(ByteSource(bytes.data(), bytes.size())); }
int code(const std::string& bytes) {
  return outcome_of([&] { read(bytes); }).code;
}

void append(png_structp png, png_bytep data, std::size_t n) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(data), n);
}

// A PNG of the given colour type and depth, rows of packed samples.
std::string png(int width, int height, int depth, int color, const std::string& samples,
                const std::vector<png_color>& palette = {}) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth,
               color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_write_info(png, info);
  const std::size_t row = samples.size() / static_cast<std::size_t>(height);
  for (int y = 0; y < height; ++y)
    png_write_row(
        png, reinterpret_cast<png_const_bytep>(samples.data()) + static_cast<std::size_t>(y) * row);
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string jpeg(int width, int height, int components, const std::string& samples) {
  jpeg_compress_struct compress = {};
  jpeg_error_mgr errors = {};
  compress.err = jpeg_std_error(&errors);
  jpeg_create_compress(&compress);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&compress, &memory, &size);
  compress.image_width = static_cast<JDIMENSION>(width);
  compress.image_height = static_cast<JDIMENSION>(height);
  compress.input_components = components;
  compress.in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&compress);
  jpeg_set_quality(&compress, 100, TRUE);
  jpeg_start_compress(&compress, TRUE);
  for (int y = 0; y < height; ++y) {
    auto* row = reinterpret_cast<JSAMPROW>(
        const_cast<char*>(samples.data() + static_cast<std::ptrdiff_t>(y) * width * components));
    jpeg_write_scanlines(&compress, &row, 1);
  }
  jpeg_finish_compress(&compress);
  std::string bytes(reinterpret_cast<char*>(memory), size);
  jpeg_destroy_compress(&compress);
  std::free(memory);
  return bytes;
}

using Pixels = std::vector<std::uint8_t>;

void expect_image(const Image& image, std::int64_t channels, const Pixels& pixels) {
  EXPECT_EQ(image.height, 1);
  EXPECT_EQ(image.width, 2);
  EXPECT_EQ(image.channels, channels);
  EXPECT_EQ(image.pixels, pixels);
}

TEST(Image, ReadsEveryKindOfPng) {
  const std::vector<png_color> palette = {{1, 2, 3}, {4, 5, 6}};
  expect_image(read(png(2, 1, 8, PNG_COLOR_TYPE_GRAY, "\x10\x20")), 1, {0x10, 0x20});
  expect_image(read(png(2, 1, 16, PNG_COLOR_TYPE_GRAY, "\x10\x10\xFF\xFF")), 1, {0x10, 0xFF});
  expect_image(read(png(2, 1, 1, PNG_COLOR_TYPE_GRAY, "\x40")), 1, {0, 255});
  expect_image(read(png(2, 1, 8, PNG_COLOR_TYPE_RGB, "\x01\x02\x03\x04\x05\x06")), 3,
               {1, 2, 3, 4, 5, 6});
  expect_image(read(png(2, 1, 8, PNG_COLOR_TYPE_PALETTE, std::string("\x01\0", 2), palette)), 3,
               {4, 5, 6, 1, 2, 3});
  expect_image(read(png(2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, "\x01\x02\x03\x80\x04\x05\x06\xFF")), 4,
               {1, 2, 3, 0x80, 4, 5, 6, 0xFF});
  expect_image(read(png(2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, "\x01\x80\x04\xFF")), 2,
               {1, 0x80, 4, 0xFF});
}

TEST(Image, ReadsJpeg) {
  const Image grey = read(jpeg(8, 8, 1, std::string(64, '\x60')));
  EXPECT_EQ(grey.channels, 1);
  EXPECT_NEAR(grey.pixels[20], 0x60, 2);
  std::string red;
  for (int i = 0; i < 64; ++i) red += "\xE0\x10\x20";
  const Image color = read(jpeg(8, 8, 3, red));
  ASSERT_EQ(color.channels, 3);
  EXPECT_NEAR(color.pixels[0], 0xE0, 3);
  EXPECT_NEAR(color.pixels[1], 0x10, 3);
}

TEST(Image, ReadsPpm) {
  expect_image(read("P6\n# a comment\n2 1\n255\n\x01\x02\x03\x04\x05\x06"), 3, {1, 2, 3, 4, 5, 6});
  expect_image(read("P5 2 1 15 \x0F\x01"), 1, {255, 17});
  expect_image(read(std::string("P5 2 1 65535 \xFF\xFF\0\0", 17)), 1, {255, 0});
}

TEST(Image, RefusesBrokenFiles) {
  std::string noise;
  for (unsigned i = 0; i < 3 * 32 * 32; ++i) noise += static_cast<char>(i * 2654435761u >> 13);
  for (const std::string& whole : {png(32, 32, 8, PNG_COLOR_TYPE_RGB, noise),
                                   jpeg(32, 32, 3, noise), "P6 32 32 255 " + noise}) {
    ASSERT_EQ(code(whole), 0);
    for (std::size_t n = 0; n + 16 < whole.size(); n += 7) EXPECT_NE(code(whole.substr(0, n)), 0);
    for (std::size_t i = 0; i < whole.size(); i += 3) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
      code(bytes);  // an error or not, but never worse
    }
  }
  for (const char* bytes : {"", "P", "P6", "P6 0 1 255 ", "P6 2 1 0 xxxxxx", "P6 2 1 70000 xxxxxx",
                            "P5 2 1 1 \xFF\x01", "P3 1 1 1 1", "GIF89a", "\xFF\xD8\xFF"})
    EXPECT_EQ(code(bytes), 5) << bytes;
  EXPECT_EQ(code("P6 100000 100000 255 "), 6);
  // 100,000 x 100,000 pixels promised by a few bytes.
  std::string bomb = png(1, 1, 8, PNG_COLOR_TYPE_GRAY, "x");
  bomb.replace(16, 8, std::string("\0\x01\x86\xA0\0\x01\x86\xA0", 8));
  EXPECT_NE(code(bomb), 0);
}

Image two_by_two() { return {2, 2, 3, {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110}}; }

std::vector<float> floats(const Tensor& tensor) {
  return {tensor.data_as<float>(), tensor.data_as<float>() + tensor.size()};
}

TEST(Image, BecomesATensor) {
  ImageForm form;
  form.scale = {1};
  const Tensor first = image_tensor(two_by_two(), form);
  EXPECT_EQ(first.shape(), (Shape{1, 3, 2, 2}));
  EXPECT_EQ(floats(first), (std::vector<float>{0, 30, 60, 90, 10, 40, 70, 100, 20, 50, 80, 110}));
  form.channels_last = true;
  form.mean = {0, 10, 20};
  form.scale = {1, 1, 2};
  const Tensor last = image_tensor(two_by_two(), form);
  EXPECT_EQ(last.shape(), (Shape{1, 2, 2, 3}));
  EXPECT_EQ(floats(last), (std::vector<float>{0, 0, 0, 30, 30, 60, 60, 60, 120, 90, 90, 180}));
  form.channels = 1;
  EXPECT_EQ(outcome_of([&] { image_tensor(two_by_two(), form); }).code, 5);
  form.mean = {0};
  form.scale = {1};
  EXPECT_NEAR(floats(image_tensor(two_by_two(), form))[0], 0.587F * 10 + 0.114F * 20, 1e-4);
  ImageForm bytes;
  bytes.type = DataType::Uint8;
  EXPECT_EQ(image_tensor(two_by_two(), bytes).data_as<std::uint8_t>()[1], 30);
  bytes.type = DataType::Int64;
  EXPECT_EQ(outcome_of([&] { image_tensor(two_by_two(), bytes); }).code, 5);
  ImageForm grey_to_rgb;
  grey_to_rgb.channels = 3;
  EXPECT_EQ(floats(image_tensor({1, 1, 2, {255, 9}}, grey_to_rgb)), (std::vector<float>{1, 1, 1}));
}

TEST(Image, Resizes) {
  const Image image = {1, 2, 1, {0, 100}};
  ImageForm form;
  form.scale = {1};
  form.height = 1;
  form.width = 4;
  EXPECT_EQ(floats(image_tensor(image, form)), (std::vector<float>{0, 25, 75, 100}));
  form.resize = Resize::Nearest;
  EXPECT_EQ(floats(image_tensor(image, form)), (std::vector<float>{0, 0, 100, 100}));
  form.width = 1;
  EXPECT_EQ(floats(image_tensor(image, form)), std::vector<float>{100});
}

}  // namespace
}  // namespace keel
