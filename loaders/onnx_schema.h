// What the pre-scan knows of ONNX's messages: which fields hold messages, strings or numbers, and
// what a parsed message costs. Fields that are not listed are kept by protobuf as unknown bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keel::loaders {

enum class Message : std::uint8_t {
  Model,
  Graph,
  Node,
  Attribute,
  Tensor,
  SparseTensor,
  ValueInfo,
  Type,
  TypeTensor,
  TypeNested,
  TypeMap,
  Shape,
  Dimension,
  Function,
  Training,
  Annotation,
  Entry,
  Opset,
  Segment,
  Count,
  None
};

enum class Content : std::uint8_t {
  Child,     // one message; twice would merge silently
  Children,  // repeated messages
  Text,      // a string
  Texts,     // repeated strings
  Varints,   // repeated integers, packed or not
  Fixed,     // repeated floating-point numbers
  Scalar,
};

struct FieldRow {
  int number;
  Content content;
  Message child = Message::None;
};

// The row of a field; null where ONNX has none of that number.
const FieldRow* find_field(Message message, std::uint32_t number);
const char* message_name(Message message);
// Bytes of the C++ object, with what the allocator adds.
std::size_t message_cost(Message message);

}  // namespace keel::loaders
