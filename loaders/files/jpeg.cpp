// libjpeg reports errors by longjmp: between setjmp and the last call into it nothing stands on the
// stack that has a destructor.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs the two above.
#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstring>

#include "loaders/files/image.h"
#include "runtime/error.h"

namespace keel {
namespace {

struct Decoder {
  jpeg_error_mgr errors;  // first: libjpeg hands out pointers to it
  std::jmp_buf jump;
  jpeg_decompress_struct jpeg;
  char message[JMSG_LENGTH_MAX];
};

Decoder& decoder_of(j_common_ptr jpeg) { return *reinterpret_cast<Decoder*>(jpeg->err); }

void on_error(j_common_ptr jpeg) {
  Decoder& decoder = decoder_of(jpeg);
  jpeg->err->format_message(jpeg, decoder.message);
  std::longjmp(decoder.jump, 1);
}

void on_message(j_common_ptr) {}

// Missing data, which libjpeg would paint over with grey; other warnings are of no consequence.
void on_warning(j_common_ptr jpeg, int level) {
  const int code = jpeg->err->msg_code;
  const bool missing =
      code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE;
  if (level < 0 && missing) on_error(jpeg);
}

bool start(Decoder& decoder, const std::string& bytes, Image& image) {
  if (setjmp(decoder.jump)) return false;
  jpeg_create_decompress(&decoder.jpeg);
  jpeg_mem_src(&decoder.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&decoder.jpeg, TRUE);
  const bool grey = decoder.jpeg.jpeg_color_space == JCS_GRAYSCALE;
  decoder.jpeg.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_calc_output_dimensions(&decoder.jpeg);
  image.height = decoder.jpeg.output_height;
  image.width = decoder.jpeg.output_width;
  image.channels = grey ? 1 : 3;
  return true;
}

bool read_rows(Decoder& decoder, Image& image) {
  if (setjmp(decoder.jump)) return false;
  jpeg_start_decompress(&decoder.jpeg);
  while (decoder.jpeg.output_scanline < decoder.jpeg.output_height) {
    JSAMPROW row = image.pixels.data() + std::size_t{decoder.jpeg.output_scanline} *
                                             static_cast<std::size_t>(image.width * image.channels);
    jpeg_read_scanlines(&decoder.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&decoder.jpeg);
  return true;
}

struct Cleanup {
  Decoder& decoder;
  ~Cleanup() { jpeg_destroy_decompress(&decoder.jpeg); }
};

}  // namespace

Image read_jpeg(const loaders::ByteSource& source) {
  std::string bytes(source.size(), '\0');
  bytes.resize(source.read(0, &bytes[0], bytes.size()));
  Decoder decoder = {};
  const Cleanup cleanup{decoder};
  decoder.jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.output_message = on_message;
  decoder.errors.emit_message = on_warning;
  Image image;
  if (!start(decoder, bytes, image))
    throw Error(ErrorCode::BadInput, std::string("jpeg: ") + decoder.message);
  const std::int64_t size = image.height * image.width * image.channels;
  if (size > kMaxImageBytes)
    throw Error(ErrorCode::ResourceLimit,
                str("jpeg: ", image.width, " x ", image.height, " pixels are too many"));
  image.pixels.resize(static_cast<std::size_t>(size));
  if (!read_rows(decoder, image))
    throw Error(ErrorCode::BadInput, std::string("jpeg: ") + decoder.message);
  return image;
}

}  // namespace keel
