#include "loaders/files/unicode.h"

#include <cstdint>
#include <cstring>

namespace keel::files {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_character(std::uint32_t code) {
  return code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
}

void append_utf8(std::uint32_t code, std::string& text) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kLead[extra] | code >> (6 * extra));
  for (int i = extra - 1; i >= 0; --i) text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
}

// The character at text[i], which moves behind it.
std::uint32_t next_character(const std::string& text, std::size_t& i) {
  const auto first = static_cast<unsigned char>(text[i++]);
  if (first < 0x80) return first;
  const int extra = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  if (extra == 0 || i + extra > text.size()) return kReplacement;
  std::uint32_t code = first & (0x3F >> extra);
  for (int k = 0; k < extra; ++k) {
    const auto byte = static_cast<unsigned char>(text[i + k]);
    if ((byte & 0xC0) != 0x80) return kReplacement;
    code = code << 6 | (byte & 0x3F);
  }
  i += extra;
  static const std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  return is_character(code) && code >= kLeast[extra] ? code : kReplacement;
}

}  // namespace

std::string utf8_of_utf32(const std::string& bytes) {
  std::string text;
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t code = 0;
    std::memcpy(&code, &bytes[i], 4);
    append_utf8(is_character(code) ? code : kReplacement, text);
  }
  return text;
}

std::string utf32_of_utf8(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size();) {
    const std::uint32_t code = next_character(text, i);
    bytes.append(reinterpret_cast<const char*>(&code), 4);
  }
  return bytes;
}

}  // namespace keel::files
