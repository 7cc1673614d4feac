#include "tests/conformance/proto.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "runtime/tensor.h"

namespace keel::conformance {
namespace {

// One field of a message: its number and either a number or bytes.
struct Field {
  int number = 0;
  int wire_type = 0;
  std::uint64_t value = 0;  // varint, or the bits of a fixed32/fixed64
  std::string_view bytes;
};

class Fields {
 public:
  explicit Fields(std::string_view rest) : rest_(rest) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {static_cast<int>(tag >> 3), static_cast<int>(tag & 7), 0, {}};
    switch (field.wire_type) {
      case 0:
        field.value = varint();
        return true;
      case 1:
        field.value = fixed(8);
        return true;
      case 2:
        field.bytes = take(varint());
        return true;
      case 5:
        field.value = fixed(4);
        return true;
      default:
        throw std::runtime_error("not a protobuf message");
    }
  }
  bool empty() const { return rest_.empty(); }

  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      out |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) return out;
    }
    throw std::runtime_error("a varint without an end");
  }
  std::uint64_t fixed(std::size_t bytes) {
    std::uint64_t out = 0;
    std::memcpy(&out, take(bytes).data(), bytes);
    return out;
  }

 private:
  std::string_view take(std::uint64_t n) {
    if (n > rest_.size()) throw std::runtime_error("a truncated message");
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::string_view rest_;
};

// A repeated number, packed or not; width 0: varints.
void append(std::vector<std::uint64_t>& out, const Field& field, std::size_t width) {
  if (field.wire_type != 2) {
    out.push_back(field.value);
    return;
  }
  Fields packed(field.bytes);
  while (!packed.empty()) out.push_back(width == 0 ? packed.varint() : packed.fixed(width));
}

struct TensorFields {
  Shape dims;
  DataType type = DataType::Undefined;
  std::vector<std::uint64_t> numbers;  // of whichever typed field is used
  std::vector<std::string> texts;
  std::string_view raw;
};

TensorFields tensor_fields(std::string_view bytes) {
  TensorFields out;
  std::vector<std::uint64_t> dims;
  Fields fields(bytes);
  for (Field f; fields.next(f);) {
    switch (f.number) {
      case 1:
        append(dims, f, 0);
        break;
      case 2:
        out.type = static_cast<DataType>(f.value);
        break;
      case 4:
        append(out.numbers, f, 4);
        break;  // float_data
      case 10:
        append(out.numbers, f, 8);
        break;  // double_data
      case 5:   // int32_data
      case 7:   // int64_data
      case 11:
        append(out.numbers, f, 0);
        break;  // uint64_data
      case 6:
        out.texts.emplace_back(f.bytes);
        break;
      case 9:
        out.raw = f.bytes;
        break;
      default:
        break;
    }
  }
  out.dims.assign(dims.begin(), dims.end());
  return out;
}

Declared parse_value_info(std::string_view bytes) {
  Declared out;
  Fields fields(bytes);
  for (Field f; fields.next(f);) {
    if (f.number == 1) out.name = f.bytes;
    if (f.number != 2) continue;
    Fields type(f.bytes);
    for (Field t; type.next(t);) {
      out.is_tensor = t.number == 1;
      if (!out.is_tensor) break;
      Fields tensor(t.bytes);
      for (Field part; tensor.next(part);) {
        if (part.number == 1) out.type = static_cast<DataType>(part.value);
        if (part.number != 2) continue;
        Fields shape(part.bytes);
        for (Field dim; shape.next(dim);) {
          out.dims.push_back(1);
          Fields size(dim.bytes);
          for (Field s; size.next(s);)
            if (s.number == 1) out.dims.back() = static_cast<std::int64_t>(s.value);
        }
      }
    }
  }
  return out;
}

std::string node_op(std::string_view bytes) {
  std::string op, domain;
  Fields fields(bytes);
  for (Field f; fields.next(f);) {
    if (f.number == 4) op = f.bytes;
    if (f.number == 7) domain = f.bytes;
  }
  return domain.empty() || domain == "ai.onnx" ? op : domain + "." + op;
}

std::string name_of(std::string_view tensor) {
  Fields fields(tensor);
  for (Field f; fields.next(f);)
    if (f.number == 8) return std::string(f.bytes);
  return "";
}

void parse_graph(std::string_view bytes, Outline& out) {
  std::set<std::string> initializers;
  Fields fields(bytes);
  for (Field f; fields.next(f);) {
    if (f.number == 1) out.ops.push_back(node_op(f.bytes));
    if (f.number == 5) initializers.insert(name_of(f.bytes));
    if (f.number == 11) out.inputs.push_back(parse_value_info(f.bytes));
    if (f.number == 12) out.outputs.push_back(parse_value_info(f.bytes));
  }
  const auto initialized = [&](const Declared& d) { return initializers.count(d.name) != 0; };
  out.inputs.erase(std::remove_if(out.inputs.begin(), out.inputs.end(), initialized),
                   out.inputs.end());
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  if (!file || !out) throw std::runtime_error("cannot read " + path.string());
  return out.str();
}

Tensor parse_tensor(const std::string& bytes) {
  const TensorFields f = tensor_fields(bytes);
  if (f.type == DataType::Undefined) throw std::runtime_error("not a tensor");
  Tensor out(f.type, f.dims);
  const auto n = static_cast<std::size_t>(out.size());
  if (f.type == DataType::String) {
    if (f.texts.size() != n) throw std::runtime_error("a tensor with too few strings");
    std::copy(f.texts.begin(), f.texts.end(), out.data_as<std::string>());
    return out;
  }
  const std::size_t size = out.byte_size();
  auto* data = static_cast<char*>(out.data());
  if (f.numbers.empty()) {
    if (f.raw.size() != size) throw std::runtime_error("raw_data of the wrong size");
    std::copy(f.raw.begin(), f.raw.end(), data);
    return out;
  }
  // 4-bit types hold a byte of two elements in each number.
  const std::size_t width = size == f.numbers.size() ? 1 : element_size(f.type);
  if (f.numbers.size() * width != size) throw std::runtime_error("a tensor with too few numbers");
  for (std::size_t i = 0; i < f.numbers.size(); ++i)
    std::memcpy(data + i * width, &f.numbers[i], width);
  return out;
}

Outline parse_outline(const std::string& model) {
  Outline out;
  Fields fields(model);
  for (Field f; fields.next(f);)
    if (f.number == 7) parse_graph(f.bytes, out);
  return out;
}

}  // namespace keel::conformance
