#include "loaders/files/npy_header.h"

#include <charconv>
#include <cstring>
#include <string_view>

#include "runtime/error.h"

namespace keel::files {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr std::size_t kMagicBytes = 6, kMaxHeader = 1 << 16, kMaxRank = 32;

[[noreturn]] void bad(const std::string& what) { throw Error(ErrorCode::BadInput, "npy: " + what); }

// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    int seen = 0;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr") {
        seen |= 1;
        descr(header);
      } else if (key == "fortran_order") {
        seen |= 2;
        header.fortran_order = boolean();
      } else if (key == "shape") {
        seen |= 4;
        shape(header.shape);
      } else {
        bad("unknown key '" + printable(key) + "' in the header");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (seen != 7) bad("the header lacks descr, fortran_order or shape");
    return header;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad(str("expected '", c, "' in the header"));
  }
  std::string_view string() {
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_[0];
    if (quote != '\'' && quote != '"') bad("the type is not a simple one");
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) bad("a string in the header does not end");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (rest_.substr(0, word.size()) != word) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    bad("fortran_order is neither True nor False");
  }
  std::int64_t integer() {
    skip_space();
    std::int64_t value = 0;
    const auto result = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (result.ec != std::errc() || value < 0) bad("a size in the header is no size");
    rest_.remove_prefix(static_cast<std::size_t>(result.ptr - rest_.data()));
    accept('L');  // Python 2 wrote long integers so
    return value;
  }
  void shape(Shape& dims) {
    expect('(');
    while (!accept(')')) {
      dims.push_back(integer());
      if (dims.size() > kMaxRank) bad("the rank exceeds 32");
      if (!accept(',')) {
        expect(')');
        return;
      }
    }
  }
  // '<f4': byte order, kind, bytes; of 'U' characters.
  void descr(NpyHeader& header) {
    std::string_view text = string();
    if (text.size() < 2) bad("type '" + printable(text) + "' is unknown");
    if (text[0] == '<' || text[0] == '>' || text[0] == '|' || text[0] == '=') {
      header.swapped = text[0] == '>';
      text.remove_prefix(1);
    }
    header.kind = text[0];
    text.remove_prefix(1);
    std::uint32_t count = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool number = result.ec == std::errc() && result.ptr == text.data() + text.size();
    if (!number && header.kind != 'O') bad("a type of the header is unknown");
    header.item_bytes = header.kind == 'U' ? std::size_t{count} * 4 : count;
  }

  std::string_view rest_;
};

}  // namespace

NpyHeader read_npy_header(const ReadExactly& read, std::uint64_t size) {
  unsigned char start[12] = {};
  if (size < 10) bad("the file is cut short");
  read(start, 8);
  if (std::memcmp(start, kMagic, kMagicBytes) != 0) bad("the file is not a NumPy array");
  const int version = start[6];
  if (version < 1 || version > 3) bad(str("version ", version, " is unknown"));
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  if (size < 8 + length_bytes) bad("the file is cut short");
  read(start + 8, length_bytes);
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8 | start[8 + i];
  if (length > kMaxHeader || length > size - 8 - length_bytes)
    bad(str("a header of ", length, " bytes does not fit"));
  std::string text(length, '\0');
  read(&text[0], length);
  NpyHeader header = HeaderParser(text).parse();
  header.header_bytes = 8 + length_bytes + length;
  return header;
}

std::string npy_header_bytes(char kind, std::size_t count, const Shape& shape) {
  const bool single = count == 1 && kind != 'U';
  std::string text =
      str("{'descr': '", single ? '|' : '<', kind, count, "', 'fortran_order': False, 'shape': (");
  for (std::size_t i = 0; i < shape.size(); ++i) text += str(i > 0 ? " " : "", shape[i], ",");
  if (shape.size() > 1) text.pop_back();
  text += "), }";
  // The data begins at a multiple of 64.
  constexpr std::size_t kPrefix = 10, kAlign = 64;
  text.append((kAlign - (kPrefix + text.size() + 1) % kAlign) % kAlign, ' ');
  text += '\n';
  std::string bytes(kMagic, kMagicBytes);
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(text.size() & 255);
  bytes += static_cast<char>(text.size() >> 8);
  return bytes + text;
}

}  // namespace keel::files
