#include "loaders/files/npy.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "loaders/files/npy_header.h"
#include "loaders/files/tensor_file.h"
#include "loaders/files/unicode.h"
#include "runtime/error.h"
#include "runtime/half.h"
#include "runtime/tensor.h"

namespace keel {
namespace files {
namespace {

[[noreturn]] void bad(const std::string& what) { throw Error(ErrorCode::BadInput, "npy: " + what); }

struct TypeRow {
  char kind;
  std::size_t bytes;
  DataType type;
};

constexpr TypeRow kTypes[] = {
    {'f', 2, DataType::Float16},   {'f', 4, DataType::Float},      {'f', 8, DataType::Double},
    {'i', 1, DataType::Int8},      {'i', 2, DataType::Int16},      {'i', 4, DataType::Int32},
    {'i', 8, DataType::Int64},     {'u', 1, DataType::Uint8},      {'u', 2, DataType::Uint16},
    {'u', 4, DataType::Uint32},    {'u', 8, DataType::Uint64},     {'b', 1, DataType::Bool},
    {'c', 8, DataType::Complex64}, {'c', 16, DataType::Complex128}};

DataType type_of(const NpyHeader& header) {
  if (header.kind == 'O') bad("pickled objects are not read");
  for (const TypeRow& row : kTypes)
    if (row.kind == header.kind && row.bytes == header.item_bytes) return row.type;
  bad(str("type '", header.kind, header.item_bytes, "' is not supported"));
}

void swap_bytes(void* data, std::size_t elements, std::size_t bytes) {
  auto* p = static_cast<char*>(data);
  for (std::size_t i = 0; i < elements; ++i) std::reverse(p + i * bytes, p + (i + 1) * bytes);
}

// [count] fixed-width strings: 'S' of bytes, 'U' of UTF-32, padded with zeros.
Tensor read_strings(const ReadExactly& read, const NpyHeader& header) {
  if (element_count(header.shape) == 0) return Tensor(DataType::String, header.shape);
  if (header.item_bytes == 0) bad("strings of no length are not read");
  Tensor tensor(DataType::String, header.shape);
  std::string item(header.item_bytes, '\0');
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    read(&item[0], item.size());
    std::string text = item;
    if (header.kind == 'U') {
      if (header.swapped) swap_bytes(&text[0], text.size() / 4, 4);
      text = utf8_of_utf32(text);
    }
    text.resize(text.find_last_not_of('\0') + 1);
    tensor.data_as<std::string>()[i] = std::move(text);
  }
  return tensor;
}

Tensor read_elements(const ReadExactly& read, const NpyHeader& header) {
  const DataType type = type_of(header);
  Tensor tensor(type, header.shape);
  const std::size_t bytes = tensor.byte_size();
  if (bytes > 0) read(tensor.data(), bytes);
  const bool complex = header.kind == 'c';
  const std::size_t part = complex ? header.item_bytes / 2 : header.item_bytes;
  if (header.swapped) swap_bytes(tensor.data(), bytes / part, part);
  if (type == DataType::Bool)
    for (std::size_t i = 0; i < bytes; ++i) {
      auto& byte = tensor.data_as<std::uint8_t>()[i];
      byte = byte != 0;
    }
  return tensor;
}

// A form that NumPy has: small floats as float, 4-bit integers as 8-bit ones.
Tensor widened(const Tensor& tensor) {
  if (tensor.type() != DataType::Float16 && is_small_float(tensor.type())) {
    Tensor floats(DataType::Float, tensor.shape());
    widen(tensor.type(), tensor.data(), floats.data_as<float>(), tensor.size());
    return floats;
  }
  const bool is_signed = tensor.type() == DataType::Int4;
  if (!is_signed && tensor.type() != DataType::Uint4) return tensor;
  Tensor bytes(is_signed ? DataType::Int8 : DataType::Uint8, tensor.shape());
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const int nibble = tensor.data_as<std::uint8_t>()[i / 2] >> (i % 2 * 4) & 15;
    bytes.data_as<std::uint8_t>()[i] =
        static_cast<std::uint8_t>(is_signed && nibble > 7 ? nibble - 16 : nibble);
  }
  return bytes;
}

std::string string_elements(const Tensor& tensor, std::size_t& characters) {
  std::vector<std::string> wide;
  characters = 1;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    wide.push_back(utf32_of_utf8(tensor.data_as<std::string>()[i]));
    characters = std::max(characters, wide.back().size() / 4);
  }
  std::string bytes;
  for (std::string& item : wide) {
    item.resize(characters * 4);
    bytes += item;
  }
  return bytes;
}

}  // namespace

Tensor parse_npy(const ReadExactly& read, std::uint64_t size) {
  const NpyHeader header = read_npy_header(read, size);
  if (header.fortran_order && header.shape.size() > 1)
    bad("the array is in Fortran order; save numpy.ascontiguousarray of it");
  std::uint64_t bytes = 0;
  try {
    bytes = static_cast<std::uint64_t>(
        checked_mul(element_count(header.shape), static_cast<std::int64_t>(header.item_bytes)));
  } catch (const Error&) {
    bad("the size of " + to_string(header.shape) + " overflows");
  }
  if (bytes != size - header.header_bytes)
    bad(str("the header promises ", bytes, " bytes of data, the file has ",
            size - header.header_bytes));
  if (header.kind == 'S' || header.kind == 'U') return read_strings(read, header);
  return read_elements(read, header);
}

}  // namespace files

Tensor read_npy(const loaders::ByteSource& source) {
  std::uint64_t at = 0;
  const files::ReadExactly read = [&](void* out, std::size_t n) {
    for (auto* bytes = static_cast<char*>(out); n > 0;) {
      const std::size_t count = source.read(at, bytes, n);
      if (count == 0) throw Error(ErrorCode::BadInput, "npy: the file is cut short");
      at += count;
      bytes += count;
      n -= count;
    }
  };
  return files::parse_npy(read, source.size());
}

std::string npy_bytes(const Tensor& original) {
  const Tensor tensor = files::widened(original);
  if (tensor.type() == DataType::String) {
    std::size_t characters = 0;
    const std::string elements = files::string_elements(tensor, characters);
    return files::npy_header_bytes('U', characters, tensor.shape()) + elements;
  }
  for (const files::TypeRow& row : files::kTypes)
    if (row.type == tensor.type()) {
      std::string bytes = files::npy_header_bytes(row.kind, row.bytes, tensor.shape());
      if (tensor.byte_size() > 0)
        bytes.append(static_cast<const char*>(tensor.data()), tensor.byte_size());
      return bytes;
    }
  throw Error(ErrorCode::Unsupported,
              "npy: type " + std::string(data_type_name(tensor.type())) + " cannot be written");
}

}  // namespace keel
