// The header of an .npy file: magic, version, and a Python dictionary as text.
#pragma once

#include <cstdint>
#include <string>

#include "loaders/files/npy.h"

namespace keel::files {

struct NpyHeader {
  char kind = 0;               // 'f' 'i' 'u' 'b' 'c' 'S' 'U' 'O'
  std::size_t item_bytes = 0;  // of one element
  bool swapped = false;        // big-endian
  bool fortran_order = false;
  Shape shape;
  std::uint64_t header_bytes = 0;
};

// Throws Error(BadInput).
NpyHeader read_npy_header(const ReadExactly& read, std::uint64_t size);

// `count`: bytes of an element, for 'U' its characters.
std::string npy_header_bytes(char kind, std::size_t count, const Shape& shape);

}  // namespace keel::files
