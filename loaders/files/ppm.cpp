// Binary PPM (P6) and PGM (P5): a text header, then 8- or 16-bit samples.
#include "loaders/files/image.h"
#include "runtime/error.h"

namespace keel {
namespace {

[[noreturn]] void bad(const std::string& what) { throw Error(ErrorCode::BadInput, "ppm: " + what); }

// The next number of the header; comments run from '#' to the end of the line.
std::int64_t header_number(const std::string& head, std::size_t& at) {
  bool comment = false;
  while (at < head.size() && (comment || head[at] == '#' || head[at] == ' ' || head[at] == '\n' ||
                              head[at] == '\t' || head[at] == '\r')) {
    if (head[at] == '#') comment = true;
    if (head[at] == '\n') comment = false;
    ++at;
  }
  std::int64_t value = 0;
  const std::size_t start = at;
  for (; at < head.size() && head[at] >= '0' && head[at] <= '9'; ++at)
    if ((value = value * 10 + (head[at] - '0')) > kMaxImageBytes) bad("a number is too large");
  if (at == start) bad("the header is broken");
  return value;
}

}  // namespace

Image read_ppm(const loaders::ByteSource& source) {
  std::string head(4096, '\0');
  head.resize(source.read(0, &head[0], head.size()));
  if (head.size() < 3 || head[0] != 'P' || (head[1] != '5' && head[1] != '6'))
    bad("the header is broken");
  Image image;
  std::size_t at = 2;
  image.width = header_number(head, at);
  image.height = header_number(head, at);
  const std::int64_t most = header_number(head, at);
  ++at;  // one white space before the samples
  image.channels = head[1] == '6' ? 3 : 1;
  if (most < 1 || most > 65535) bad("the largest sample value is wrong");
  if (image.width < 1 || image.height < 1) bad("the image is empty");
  if (image.width > kMaxImageBytes / image.height / image.channels)
    throw Error(ErrorCode::ResourceLimit,
                str("ppm: ", image.width, " x ", image.height, " pixels are too many"));
  const auto samples = static_cast<std::size_t>(image.width * image.height * image.channels);
  const std::size_t sample_bytes = most > 255 ? 2 : 1;
  if (at > source.size() || samples * sample_bytes > source.size() - at)
    bad("the file is cut short");
  std::vector<std::uint8_t> bytes(samples * sample_bytes);
  if (source.read(at, bytes.data(), bytes.size()) != bytes.size()) bad("the file is cut short");
  image.pixels.resize(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::int64_t value = sample_bytes == 1 ? bytes[i] : bytes[2 * i] << 8 | bytes[2 * i + 1];
    if (value > most) bad("a sample exceeds the largest value");
    image.pixels[i] = static_cast<std::uint8_t>((value * 255 + most / 2) / most);
  }
  return image;
}

}  // namespace keel
