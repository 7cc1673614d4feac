// Sizes and layouts of tensors, with every product checked.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/keel.h"

namespace keel {

// How the elements of a value lie in memory.
//   Plain      row-major, as ONNX has it
//   Blocked16  float [N, C, spatial...] as [N][ceil(C/16)][spatial...][16]; the lanes beyond C in
//              the last block are unspecified, and no kernel may let them reach a real lane
enum class Layout : std::uint8_t { Plain, Blocked16 };

constexpr std::int64_t kBlock = 16;
constexpr std::size_t kRankLimit = 32;

// Size of one element in bits; String counts as sizeof(std::string). 0 for Undefined.
std::size_t element_bits(DataType type);
// Size of one element in bytes; only for types of whole bytes.
std::size_t element_size(DataType type);

// a * b, a + b for sizes >= 0; throw Error(ResourceLimit) on overflow.
std::int64_t checked_mul(std::int64_t a, std::int64_t b);
std::int64_t checked_add(std::int64_t a, std::int64_t b);

// Product of dims[begin, end); 1 for none. Throws on negative dims and overflow.
std::int64_t product(const Shape& dims, std::size_t begin, std::size_t end);
std::int64_t element_count(const Shape& dims);
// Bytes a value takes in the given layout.
std::size_t storage_bytes(DataType type, const Shape& dims, Layout layout);

// Row-major strides in elements; without meaning where the array is empty.
Shape strides_of(const Shape& dims);

// "[1, 3, 224, 224]"
std::string to_string(const Shape& dims);

// A tensor during a run: borrowed bytes in some layout. dims are the logical sizes.
struct TensorRef {
  DataType type = DataType::Undefined;
  Layout layout = Layout::Plain;
  Shape dims;
  void* data = nullptr;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
  std::int64_t size() const { return element_count(dims); }
};

// The same bytes as a TensorRef in plain layout.
TensorRef ref(const Tensor& tensor);

}  // namespace keel
