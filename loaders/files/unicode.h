// UTF-8 and little-endian UTF-32.
#pragma once

#include <string>

namespace keel::files {

// What is no character becomes U+FFFD, both ways.
std::string utf8_of_utf32(const std::string& bytes);
std::string utf32_of_utf8(const std::string& text);

}  // namespace keel::files
