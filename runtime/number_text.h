// Numbers as the text that Cast reads and writes, whatever the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keel {

// The shortest decimal that reads back as the same value; "NaN", "INF", "-INF".
std::string number_text(float value);
std::string number_text(double value);

// A decimal number with optional sign, point and exponent, or NaN, INF or Infinity in any case;
// spaces around it are ignored. Beyond the range of double: infinity or 0. False for other text.
bool parse_number(std::string_view text, double& value);
// Only digits with an optional sign; false also beyond the range of the type.
bool parse_number(std::string_view text, std::int64_t& value);
bool parse_number(std::string_view text, std::uint64_t& value);

}  // namespace keel
