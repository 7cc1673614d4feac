#include "runtime/tensor.h"

#include "runtime/error.h"
#include "runtime/memory_block.h"

namespace keel {
namespace {

struct TypeRow {
  std::string_view name;
  std::size_t bits;
};

// Indexed by the number of the type.
constexpr TypeRow kTypes[] = {
    {"undefined", 0},      {"float", 32},     {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 8 * sizeof(std::string)},
    {"bool", 8},           {"float16", 16},   {"double", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
};

const TypeRow& row(DataType type) {
  const auto index = static_cast<std::size_t>(type);
  return kTypes[index < std::size(kTypes) ? index : 0];
}

std::size_t bytes_of(DataType type, std::int64_t count) {
  const std::int64_t bits = checked_mul(count, static_cast<std::int64_t>(element_bits(type)));
  return static_cast<std::size_t>(bits / 8 + (bits % 8 != 0));
}

}  // namespace

std::string_view data_type_name(DataType type) { return row(type).name; }
std::size_t element_bits(DataType type) { return row(type).bits; }
std::size_t element_size(DataType type) { return row(type).bits / 8; }

std::int64_t checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    throw Error(ErrorCode::ResourceLimit, str("size overflow: ", a, " * ", b));
  return result;
}

std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result))
    throw Error(ErrorCode::ResourceLimit, str("size overflow: ", a, " + ", b));
  return result;
}

std::int64_t product(const Shape& dims, std::size_t begin, std::size_t end) {
  std::int64_t count = 1;
  bool zero = false;
  for (std::size_t i = begin; i < end; ++i) {
    if (dims[i] < 0) throw Error(ErrorCode::BadInput, "negative size in shape " + to_string(dims));
    if (dims[i] == 0) zero = true;
  }
  // Zero first: [0, 2^40, 2^40] is an empty tensor, not an overflow.
  if (zero) return 0;
  for (std::size_t i = begin; i < end; ++i) count = checked_mul(count, dims[i]);
  return count;
}

std::int64_t element_count(const Shape& dims) { return product(dims, 0, dims.size()); }

std::size_t storage_bytes(DataType type, const Shape& dims, Layout layout) {
  if (layout == Layout::Plain) return bytes_of(type, element_count(dims));
  Shape blocked = dims;
  blocked[1] = checked_mul((dims[1] + kBlock - 1) / kBlock, kBlock);
  return bytes_of(type, element_count(blocked));
}

Shape strides_of(const Shape& dims) {
  Shape strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;)  // wraps for [0, 2^40, 2^40]
    strides[i - 1] = static_cast<std::int64_t>(static_cast<std::uint64_t>(strides[i]) *
                                               static_cast<std::uint64_t>(dims[i]));
  return strides;
}

std::string to_string(const Shape& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

Tensor::Tensor(DataType type, Shape shape) : type_(type), shape_(std::move(shape)) {
  const std::int64_t count = element_count(shape_);
  if (type == DataType::String) {
    auto strings = std::make_shared<std::vector<std::string>>(static_cast<std::size_t>(count));
    data_ = strings->data();
    owner_ = std::move(strings);
    return;
  }
  auto block = allocate_block(bytes_of(type, count));
  data_ = block.get();
  owner_ = std::move(block);
}

Tensor::Tensor(DataType type, Shape shape, void* data, std::shared_ptr<void> owner)
    : type_(type), shape_(std::move(shape)), data_(data), owner_(std::move(owner)) {}

std::int64_t Tensor::size() const {
  return type_ == DataType::Undefined ? 0 : element_count(shape_);
}

std::size_t Tensor::byte_size() const { return bytes_of(type_, size()); }

TensorRef ref(const Tensor& tensor) {
  return {tensor.type(), Layout::Plain, tensor.shape(), const_cast<void*>(tensor.data())};
}

}  // namespace keel
