#include "tests/oracle/array.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/error.h"
#include "tests/oracle/number_format.h"

namespace keel::oracle {
namespace {

template <typename T, typename To>
void widen(const Tensor& tensor, std::vector<To>& out) {
  const T* from = tensor.data_as<T>();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<To>(from[i]);
}

template <typename T, typename From>
void narrow(const std::vector<From>& from, Tensor& tensor) {
  for (std::size_t i = 0; i < from.size(); ++i) tensor.data_as<T>()[i] = static_cast<T>(from[i]);
}

int bits_of(DataType type) {
  switch (type) {
    case DataType::Uint4:
    case DataType::Int4:
    case DataType::Float4E2M1:
      return 4;
    case DataType::Float16:
    case DataType::BFloat16:
      return 16;
    default:
      return 8;
  }
}

// Element i of an array of 4-, 8- or 16-bit codes.
std::uint32_t code_at(const Tensor& tensor, std::size_t i, int bits) {
  if (bits == 16) return tensor.data_as<std::uint16_t>()[i];
  if (bits == 8) return tensor.data_as<std::uint8_t>()[i];
  return tensor.data_as<std::uint8_t>()[i / 2] >> (i % 2 * 4) & 15;
}

void set_code(Tensor& tensor, std::size_t i, int bits, std::uint32_t code) {
  if (bits == 16) tensor.data_as<std::uint16_t>()[i] = static_cast<std::uint16_t>(code);
  if (bits == 8) tensor.data_as<std::uint8_t>()[i] = static_cast<std::uint8_t>(code);
  if (bits != 4) return;
  std::uint8_t& byte = tensor.data_as<std::uint8_t>()[i / 2];
  byte = static_cast<std::uint8_t>(i % 2 ? (byte & 15) | code << 4 : code);
}

}  // namespace

bool is_real_type(DataType type) {
  return type == DataType::Float || type == DataType::Double || is_narrow(type);
}

Array::Array(DataType type, Shape shape) : type(type), shape(std::move(shape)) {
  const auto n = static_cast<std::size_t>(count(this->shape));
  if (is_real()) reals.resize(n);
  if (is_text()) texts.resize(n);
  if (is_integer()) ints.resize(n);
}

std::int64_t Array::size() const { return count(shape); }
bool Array::is_real() const { return is_real_type(type); }

double Array::number(std::int64_t i) const {
  if (is_real()) return reals[i];
  if (type == DataType::Uint64) return static_cast<double>(static_cast<std::uint64_t>(ints[i]));
  return static_cast<double>(ints[i]);
}

void Array::set_number(std::int64_t i, double value) {
  if (is_real()) {
    reals[i] = value;
  } else if (type == DataType::Bool) {
    ints[i] = value != 0;
  } else if (type == DataType::Uint64 && value >= 0x1p63) {
    ints[i] = static_cast<std::int64_t>(value >= 0x1p64 ? ~std::uint64_t{0}
                                                        : static_cast<std::uint64_t>(value));
  } else {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    const std::int64_t whole = !(value >= -0x1p63) ? lowest
                               : value >= 0x1p63   ? highest
                                                   : static_cast<std::int64_t>(value);
    ints[i] = wrap(type, whole);
  }
}

std::int64_t wrap(DataType type, std::int64_t value) {
  switch (type) {
    case DataType::Bool:
      return value != 0;
    case DataType::Int8:
      return static_cast<std::int8_t>(value);
    case DataType::Uint8:
      return static_cast<std::uint8_t>(value);
    case DataType::Int16:
      return static_cast<std::int16_t>(value);
    case DataType::Uint16:
      return static_cast<std::uint16_t>(value);
    case DataType::Int32:
      return static_cast<std::int32_t>(value);
    case DataType::Uint32:
      return static_cast<std::uint32_t>(value);
    case DataType::Uint4:
      return value & 15;
    case DataType::Int4:
      return ((value & 15) ^ 8) - 8;
    default:
      return value;
  }
}

bool integer_less(DataType type, std::int64_t a, std::int64_t b) {
  if (type == DataType::Uint64)
    return static_cast<std::uint64_t>(a) < static_cast<std::uint64_t>(b);
  return a < b;
}

Array from_tensor(const Tensor& tensor) {
  Array out(tensor.type(), tensor.shape());
  switch (tensor.type()) {
    case DataType::Float:
      widen<float>(tensor, out.reals);
      break;
    case DataType::Double:
      widen<double>(tensor, out.reals);
      break;
    case DataType::Bool:
    case DataType::Uint8:
      widen<std::uint8_t>(tensor, out.ints);
      break;
    case DataType::Int8:
      widen<std::int8_t>(tensor, out.ints);
      break;
    case DataType::Uint16:
      widen<std::uint16_t>(tensor, out.ints);
      break;
    case DataType::Int16:
      widen<std::int16_t>(tensor, out.ints);
      break;
    case DataType::Uint32:
      widen<std::uint32_t>(tensor, out.ints);
      break;
    case DataType::Int32:
      widen<std::int32_t>(tensor, out.ints);
      break;
    case DataType::Uint64:
    case DataType::Int64:
      widen<std::int64_t>(tensor, out.ints);
      break;
    case DataType::String:
      widen<std::string>(tensor, out.texts);
      break;
    case DataType::Uint4:
    case DataType::Int4:
      for (std::size_t i = 0; i < out.ints.size(); ++i)
        out.ints[i] = wrap(out.type, code_at(tensor, i, 4));
      break;
    default:
      if (!is_narrow(tensor.type()))
        throw Error(ErrorCode::Unsupported,
                    str("oracle: no tensors of type ", data_type_name(tensor.type())));
      for (std::size_t i = 0; i < out.reals.size(); ++i)
        out.reals[i] = decode(out.type, code_at(tensor, i, bits_of(out.type)));
  }
  return out;
}

Tensor to_tensor(const Array& array, bool exact) {
  Tensor out(exact && array.is_real() ? DataType::Double : array.type, array.shape);
  switch (out.type()) {
    case DataType::Float:
      narrow<float>(array.reals, out);
      break;
    case DataType::Double:
      narrow<double>(array.reals, out);
      break;
    case DataType::Bool:
    case DataType::Uint8:
    case DataType::Int8:
      narrow<std::uint8_t>(array.ints, out);
      break;
    case DataType::Uint16:
    case DataType::Int16:
      narrow<std::uint16_t>(array.ints, out);
      break;
    case DataType::Uint32:
    case DataType::Int32:
      narrow<std::uint32_t>(array.ints, out);
      break;
    case DataType::Uint64:
    case DataType::Int64:
      narrow<std::int64_t>(array.ints, out);
      break;
    case DataType::String:
      narrow<std::string>(array.texts, out);
      break;
    case DataType::Uint4:
    case DataType::Int4:
      for (std::size_t i = 0; i < array.ints.size(); ++i)
        set_code(out, i, 4, static_cast<std::uint32_t>(array.ints[i] & 15));
      break;
    default:
      for (std::size_t i = 0; i < array.reals.size(); ++i)
        set_code(out, i, bits_of(array.type),
                 encode(array.type, round_to(array.type, array.reals[i])));
  }
  return out;
}

Array scalar(DataType type, double value) {
  Array out(type, {});
  out.set_number(0, value);
  return out;
}

Array int64_array(const Indices& values) {
  Array out(DataType::Int64, {static_cast<std::int64_t>(values.size())});
  out.ints = values;
  return out;
}

}  // namespace keel::oracle
