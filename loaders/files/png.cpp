// libpng reports errors by longjmp: between setjmp and the last call into it nothing stands on the
// stack that has a destructor.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "loaders/files/image.h"
#include "runtime/error.h"

namespace keel {
namespace {

struct Decoder {
  const loaders::ByteSource& source;
  std::uint64_t at = 0;
  char message[128] = "";
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<png_bytep> rows;

  explicit Decoder(const loaders::ByteSource& bytes) : source(bytes) {}
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

void on_error(png_structp png, png_const_charp message) {
  auto* decoder = static_cast<Decoder*>(png_get_error_ptr(png));
  std::snprintf(decoder->message, sizeof decoder->message, "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

// -1: the disk failed.
std::ptrdiff_t read_some(Decoder& decoder, void* out, std::size_t n) noexcept {
  try {
    return static_cast<std::ptrdiff_t>(decoder.source.read(decoder.at, out, n));
  } catch (...) {
    return -1;
  }
}

void on_read(png_structp png, png_bytep out, std::size_t n) {
  auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  while (n > 0) {
    const std::ptrdiff_t count = read_some(*decoder, out, n);
    if (count <= 0) png_error(png, "the file is cut short");
    decoder->at += static_cast<std::uint64_t>(count);
    out += count;
    n -= static_cast<std::size_t>(count);
  }
}

// Everything becomes 8 bits of grey or RGB, with or without alpha. False after an error.
bool read_header(Decoder& decoder, Image& image) {
  if (setjmp(png_jmpbuf(decoder.png))) return false;
  png_set_read_fn(decoder.png, &decoder, on_read);
  png_read_info(decoder.png, decoder.info);
  png_set_expand(decoder.png);
  png_set_scale_16(decoder.png);
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  image.height = png_get_image_height(decoder.png, decoder.info);
  image.width = png_get_image_width(decoder.png, decoder.info);
  image.channels = png_get_channels(decoder.png, decoder.info);
  return true;
}

bool read_rows(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png))) return false;
  png_read_image(decoder.png, decoder.rows.data());
  png_read_end(decoder.png, nullptr);
  return true;
}

[[noreturn]] void fail(const Decoder& decoder) {
  throw Error(ErrorCode::BadInput, std::string("png: ") + decoder.message);
}

}  // namespace

Image read_png(const loaders::ByteSource& source) {
  Decoder decoder(source);
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
  if (decoder.png != nullptr) decoder.info = png_create_info_struct(decoder.png);
  if (decoder.info == nullptr) throw Error(ErrorCode::ResourceLimit, "png: out of memory");
  Image image;
  if (!read_header(decoder, image)) fail(decoder);
  const std::int64_t row = image.width * image.channels, bytes = row * image.height;
  // Deflate reaches 1032 : 1 at most, and a palette or single bits another 32.
  if (bytes > kMaxImageBytes || bytes / (1032 * 32) > static_cast<std::int64_t>(source.size()))
    throw Error(ErrorCode::ResourceLimit,
                str("png: ", image.width, " x ", image.height, " pixels are too many"));
  image.pixels.resize(static_cast<std::size_t>(bytes));
  for (std::int64_t y = 0; y < image.height; ++y)
    decoder.rows.push_back(image.pixels.data() + y * row);
  if (!read_rows(decoder)) fail(decoder);
  return image;
}

}  // namespace keel
