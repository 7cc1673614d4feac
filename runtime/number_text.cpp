#include "runtime/number_text.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace keel {
namespace {

template <typename T>
std::string shortest(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

// Without spaces around it and a leading '+', which from_chars does not take.
std::string_view bare(std::string_view text) {
  constexpr const char* kSpaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

// Whether a number too large or too small for its type is too small: its first digit that counts
// stands far behind the point.
bool is_tiny(std::string_view text) {
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos)
    return e + 1 < text.size() && text[e + 1] == '-';
  const std::size_t digit = text.find_first_of("123456789"), point = text.find('.');
  return point != std::string_view::npos && point < digit;
}

template <typename T>
bool parse(std::string_view text, T& value) {
  text = bare(text);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

std::string number_text(float value) { return shortest(value); }
std::string number_text(double value) { return shortest(value); }

bool parse_number(std::string_view text, double& value) {
  text = bare(text);
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ptr != end || text.empty()) return false;
  if (result.ec == std::errc::result_out_of_range) {
    const double magnitude = is_tiny(text) ? 0 : std::numeric_limits<double>::infinity();
    value = text[0] == '-' ? -magnitude : magnitude;
    return true;
  }
  return result.ec == std::errc();
}

bool parse_number(std::string_view text, std::int64_t& value) { return parse(text, value); }
bool parse_number(std::string_view text, std::uint64_t& value) { return parse(text, value); }

}  // namespace keel
