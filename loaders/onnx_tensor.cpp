#include "loaders/onnx_tensor.h"

#include <cstring>
#include <limits>
#include <utility>

#include "onnx/onnx.pb.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

namespace keel::loaders {
namespace {

using onnx::TensorProto;

[[noreturn]] void malformed(const TensorProto& proto, const std::string& what) {
  throw Error(ErrorCode::MalformedModel, "tensor '" + printable(proto.name()) + "': " + what);
}

struct Sizes {
  DataType type;
  Shape dims;
  std::uint64_t elements, bytes;
};

Sizes checked_sizes(const TensorProto& proto) {
  Sizes sizes;
  sizes.type = checked_type(proto.data_type(), "tensor '" + printable(proto.name()) + "'");
  if (proto.dims_size() > kMaxRank)
    throw Error(ErrorCode::Unsupported, str("tensor '", printable(proto.name()), "' has rank ",
                                            proto.dims_size(), "; the limit is ", kMaxRank));
  sizes.dims.assign(proto.dims().begin(), proto.dims().end());
  for (const std::int64_t dim : sizes.dims)
    if (dim < 0) malformed(proto, "negative size in " + to_string(sizes.dims));
  try {
    sizes.elements = static_cast<std::uint64_t>(element_count(sizes.dims));
    sizes.bytes = storage_bytes(sizes.type, sizes.dims, Layout::Plain);
  } catch (const Error&) {
    malformed(proto, "the size of " + to_string(sizes.dims) + " overflows");
  }
  return sizes;
}

void expect_count(const TensorProto& proto, const char* field, std::uint64_t count,
                  std::uint64_t expected) {
  if (count != expected)
    malformed(proto, str("expected ", expected, " values in ", field, ", got ", count));
}

// Lets a tensor own or borrow `field`, an std::string or a RepeatedField of the message.
template <typename Field>
Tensor adopt(const Sizes& sizes, Field& field, const TensorDoor& door) {
  if (door.keeper)
    return Tensor(sizes.type, sizes.dims,
                  const_cast<char*>(reinterpret_cast<const char*>(field.data())), door.keeper);
  auto owner = std::make_shared<Field>();
  std::swap(*owner, field);
  void* data = const_cast<char*>(reinterpret_cast<const char*>(owner->data()));
  return Tensor(sizes.type, sizes.dims, data, std::move(owner));
}

// One byte a bool, whatever the file holds: reading any other value as bool is undefined.
Tensor read_bools(const Sizes& sizes, const char* raw) {
  Tensor tensor(sizes.type, sizes.dims);
  for (std::uint64_t i = 0; i < sizes.bytes; ++i) tensor.data_as<bool>()[i] = raw[i] != 0;
  return tensor;
}

void check_raw(const TensorProto& proto, const Sizes& sizes, std::uint64_t bytes) {
  if (sizes.type == DataType::String) malformed(proto, "strings cannot lie in raw_data");
  if (bytes != sizes.bytes)
    malformed(proto, str("expected ", sizes.bytes, " bytes in raw_data for ",
                         data_type_name(sizes.type), to_string(sizes.dims), ", got ", bytes));
}

Tensor read_raw(TensorProto& proto, const Sizes& sizes, const TensorDoor& door) {
  const std::string& raw = proto.raw_data();
  check_raw(proto, sizes, raw.size());
  if (sizes.type == DataType::Bool) return read_bools(sizes, raw.data());
  return adopt(sizes, *proto.mutable_raw_data(), door);
}

Tensor read_payload(const TensorProto& proto, const Sizes& sizes, PayloadBytes payload) {
  check_raw(proto, sizes, payload.size);
  if (sizes.type == DataType::Bool)
    return read_bools(sizes, reinterpret_cast<const char*>(payload.data.get()));
  void* data = payload.data.get();
  return Tensor(sizes.type, sizes.dims, data, std::move(payload.data));
}

// What was read apart from the message, if anything.
PayloadBytes take_payload(const TensorProto& proto, const TensorDoor& door) {
  if (door.payloads == nullptr) return {};
  const auto it = door.payloads->find(&proto);
  if (it == door.payloads->end()) return {};
  PayloadBytes payload = std::move(it->second);
  door.payloads->erase(it);
  return payload;
}

// Elements whose bits are `Stored`, each in one wider integer of `field`, range-checked.
template <typename Stored, typename Field>
Tensor narrow(const TensorProto& proto, const Sizes& sizes, const Field& field, const char* name,
              std::int64_t lowest, std::int64_t highest) {
  const std::uint64_t count = sizes.bytes / sizeof(Stored);
  expect_count(proto, name, static_cast<std::uint64_t>(field.size()), count);
  Tensor tensor(sizes.type, sizes.dims);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = static_cast<std::int64_t>(field[static_cast<int>(i)]);
    if (value < lowest || value > highest)
      malformed(proto,
                str("value ", value, " in ", name, " does not fit ", data_type_name(sizes.type)));
    tensor.data_as<Stored>()[i] = static_cast<Stored>(value);
  }
  return tensor;
}

Tensor read_strings(TensorProto& proto, const Sizes& sizes, const TensorDoor& door) {
  expect_count(proto, "string_data", static_cast<std::uint64_t>(proto.string_data_size()),
               sizes.elements);
  Tensor tensor(sizes.type, sizes.dims);
  auto* out = tensor.data_as<std::string>();
  for (int i = 0; i < proto.string_data_size(); ++i)
    if (door.keeper)
      out[i] = proto.string_data(i);
    else
      out[i] = std::move(*proto.mutable_string_data(i));
  return tensor;
}

template <typename Field>
Tensor whole(const TensorProto& proto, const Sizes& sizes, Field& field, const char* name,
             std::uint64_t per_element, const TensorDoor& door) {
  expect_count(proto, name, static_cast<std::uint64_t>(field.size()), sizes.elements * per_element);
  return adopt(sizes, field, door);
}

// Data in the typed fields, each type in the one ONNX assigns to it.
Tensor read_typed(TensorProto& proto, const Sizes& sizes, const TensorDoor& door) {
  const auto& ints = proto.int32_data();
  switch (sizes.type) {
    case DataType::Float:
      return whole(proto, sizes, *proto.mutable_float_data(), "float_data", 1, door);
    case DataType::Complex64:
      return whole(proto, sizes, *proto.mutable_float_data(), "float_data", 2, door);
    case DataType::Double:
      return whole(proto, sizes, *proto.mutable_double_data(), "double_data", 1, door);
    case DataType::Complex128:
      return whole(proto, sizes, *proto.mutable_double_data(), "double_data", 2, door);
    case DataType::Int32:
      return whole(proto, sizes, *proto.mutable_int32_data(), "int32_data", 1, door);
    case DataType::Int64:
      return whole(proto, sizes, *proto.mutable_int64_data(), "int64_data", 1, door);
    case DataType::Uint64:
      return whole(proto, sizes, *proto.mutable_uint64_data(), "uint64_data", 1, door);
    case DataType::Uint32:
      return narrow<std::uint32_t>(proto, sizes, proto.uint64_data(), "uint64_data", 0,
                                   std::numeric_limits<std::uint32_t>::max());
    case DataType::String:
      return read_strings(proto, sizes, door);
    case DataType::Bool:
      return narrow<std::uint8_t>(proto, sizes, ints, "int32_data", 0, 1);
    case DataType::Int8:
      return narrow<std::int8_t>(proto, sizes, ints, "int32_data", -128, 127);
    case DataType::Int16:
      return narrow<std::int16_t>(proto, sizes, ints, "int32_data", -32768, 32767);
    case DataType::Uint16:
    case DataType::Float16:
    case DataType::BFloat16:
      return narrow<std::uint16_t>(proto, sizes, ints, "int32_data", 0, 65535);
    case DataType::Int4:
      // Two elements to a byte; writers disagree on whether the byte has a sign.
      return narrow<std::uint8_t>(proto, sizes, ints, "int32_data", -128, 255);
    default:
      return narrow<std::uint8_t>(proto, sizes, ints, "int32_data", 0, 255);
  }
}

Tensor read_external(const TensorProto& proto, const Sizes& sizes, TensorDoor& door) {
  if (sizes.type == DataType::String) malformed(proto, "strings cannot be external data");
  try {
    if (door.external == nullptr)
      throw Error(ErrorCode::MalformedModel, "external data is not allowed here");
    const ExternalLocation location = parse_external(proto);
    Tensor tensor;
    door.external->read(location, sizes.bytes, [&]() -> void* {
      if (sizes.bytes > door.external_budget)
        throw Error(ErrorCode::ResourceLimit,
                    str("external data: ", sizes.bytes, " bytes exceed the ", door.external_budget,
                        " that are left of the memory limit"));
      door.external_budget -= sizes.bytes;
      tensor = Tensor(sizes.type, sizes.dims);
      return tensor.data();
    });
    if (sizes.type == DataType::Bool)
      for (std::uint64_t i = 0; i < sizes.bytes; ++i) {
        auto& byte = tensor.data_as<std::uint8_t>()[i];
        byte = byte != 0;
      }
    return tensor;
  } catch (const Error& error) {
    throw Error(error.code(), "tensor '" + printable(proto.name()) + "': " + error.message());
  }
}

}  // namespace

DataType checked_type(std::int32_t type, const std::string& what) {
  if (type <= 0 || type > static_cast<std::int32_t>(DataType::Float4E2M1))
    throw Error(ErrorCode::Unsupported, str(what, " has element type ", type,
                                            type == 0 ? " (UNDEFINED)" : ", which is not known"));
  return static_cast<DataType>(type);
}

Tensor read_tensor(TensorProto& proto, TensorDoor& door) {
  const Sizes sizes = checked_sizes(proto);
  if (proto.has_segment())
    throw Error(ErrorCode::Unsupported,
                "tensor '" + printable(proto.name()) + "' is split into segments");
  const int typed = proto.float_data_size() + proto.int32_data_size() + proto.string_data_size() +
                    proto.int64_data_size() + proto.double_data_size() + proto.uint64_data_size();
  PayloadBytes payload = take_payload(proto, door);
  const bool raw = payload.data != nullptr || !proto.raw_data().empty();
  if (proto.data_location() == TensorProto::EXTERNAL) {
    if (typed > 0 || raw) malformed(proto, "the data is both in the model and external");
    return read_external(proto, sizes, door);
  }
  if (proto.external_data_size() > 0)
    malformed(proto, "external_data is given, but data_location is not EXTERNAL");
  if (raw && typed > 0) malformed(proto, "both raw_data and typed data are given");
  if (payload.data != nullptr) return read_payload(proto, sizes, std::move(payload));
  if (raw) return read_raw(proto, sizes, door);
  return read_typed(proto, sizes, door);
}

}  // namespace keel::loaders
