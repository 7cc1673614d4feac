// Protobuf's wire format read field by field, to see what a writer wrote and in which order.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace keel::test {

struct WireField {
  int number;
  std::uint64_t value = 0;  // of varints
  std::string bytes;        // of everything else
};

inline std::uint64_t take_varint(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(at++));
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

inline std::vector<WireField> wire_fields(const std::string& bytes) {
  std::vector<WireField> fields;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t tag = take_varint(bytes, at);
    WireField field{static_cast<int>(tag >> 3), 0, ""};
    std::size_t length = (tag & 7) == 1 ? 8 : 4;
    if ((tag & 7) == 0) {
      field.value = take_varint(bytes, at);
      length = 0;
    }
    if ((tag & 7) == 2) length = take_varint(bytes, at);
    if (at + length > bytes.size()) throw std::out_of_range("wire_fields");
    field.bytes = bytes.substr(at, length);
    at += length;
    fields.push_back(std::move(field));
  }
  return fields;
}

// The contents of every field of that number.
inline std::vector<std::string> all_of(const std::string& bytes, int number) {
  std::vector<std::string> found;
  for (const WireField& field : wire_fields(bytes))
    if (field.number == number) found.push_back(field.bytes);
  return found;
}

// Of the first such field; "" where there is none.
inline std::string one_of(const std::string& bytes, int number) {
  const std::vector<std::string> found = all_of(bytes, number);
  return found.empty() ? "" : found.front();
}

}  // namespace keel::test
