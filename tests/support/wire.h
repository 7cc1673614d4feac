// Protobuf's wire format written by hand, so that tests can also write what no protobuf would.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace keel::test {

class Wire {
 public:
  const std::string& bytes() const { return bytes_; }

  Wire& varint(int field, std::uint64_t value) {
    raw_varint(static_cast<std::uint64_t>(field) << 3);
    return raw_varint(value);
  }
  Wire& text(int field, std::string_view value) {
    raw_varint(static_cast<std::uint64_t>(field) << 3 | 2);
    raw_varint(value.size());
    return raw(value);
  }
  Wire& message(int field, const Wire& value) { return text(field, value.bytes_); }
  Wire& fixed32(int field, float value) {
    raw_varint(static_cast<std::uint64_t>(field) << 3 | 5);
    char little_endian[4];
    std::memcpy(little_endian, &value, 4);
    return raw({little_endian, 4});
  }

  Wire& raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
    return *this;
  }
  Wire& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }

 private:
  std::string bytes_;
};

}  // namespace keel::test
