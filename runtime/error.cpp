#include "runtime/error.h"

#include <cstdio>

namespace keel {
namespace {

std::string compose(const std::string& message, const std::string& node, const std::string& op,
                    const std::string& stage) {
  std::string text;
  if (!stage.empty()) text += stage + ": ";
  if (!node.empty()) text += "node '" + printable(node) + "' (" + printable(op) + ")";
  if (!node.empty()) text += message.rfind("attribute ", 0) == 0 ? " " : ": ";
  return text + message;
}

// Length of the valid UTF-8 sequence at text[i], 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF5   ? 0
                             : first >= 0xF0 ? 4
                             : first >= 0xE0 ? 3
                             : first >= 0xC2 ? 2
                                             : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  const bool overlong =
      (first == 0xE0 && byte(i + 1) < 0xA0) || (first == 0xF0 && byte(i + 1) < 0x90);
  const bool surrogate = first == 0xED && byte(i + 1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(i + 1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

}  // namespace

Error::Error(ErrorCode code, std::string message, std::string node, std::string op,
             std::string stage)
    : std::runtime_error(compose(message, node, op, stage)),
      code_(code),
      message_(std::move(message)),
      node_(std::move(node)),
      op_(std::move(op)),
      stage_(std::move(stage)) {}

std::string printable(std::string_view name) {
  constexpr std::size_t kLimit = 120;
  std::string text;
  for (std::size_t i = 0; i < name.size();) {
    if (text.size() >= kLimit) return text + "...";
    const std::size_t length = utf8_length(name, i);
    const auto byte = static_cast<unsigned char>(name[i]);
    // C1 control characters are the two-byte sequences C2 80 to C2 9F.
    const bool control =
        byte < 0x20 || byte == 0x7F ||
        (length == 2 && byte == 0xC2 && static_cast<unsigned char>(name[i + 1]) < 0xA0);
    if (length == 0 || control) {
      const std::size_t count = length == 0 ? 1 : length;
      for (std::size_t k = 0; k < count; ++k) {
        char hex[5];
        std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned char>(name[i + k]));
        text += hex;
      }
      i += count;
    } else {
      text += name.substr(i, length);
      i += length;
    }
  }
  return text;
}

Error with_node(const Error& error, const std::string& node, const std::string& op) {
  if (!error.node().empty()) return error;
  return Error(error.code(), error.message(), node, op, error.stage());
}

Error with_stage(const Error& error, const std::string& stage) {
  if (!error.stage().empty()) return error;
  return Error(error.code(), error.message(), error.node(), error.op(), stage);
}

}  // namespace keel
