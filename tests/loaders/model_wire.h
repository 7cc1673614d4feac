// Models written field by field, so that tests can also write what no builder would.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/keel.h"
#include "tests/support/wire.h"

namespace keel::test {

using Names = std::vector<std::string>;

inline Wire opset(std::string_view domain, std::int64_t version) {
  Wire wire;
  if (!domain.empty()) wire.text(1, domain);
  return wire.varint(2, static_cast<std::uint64_t>(version));
}

// Fields in the order in which protobuf writes them.
inline Wire node(std::string_view op, const Names& inputs, const Names& outputs,
                 const std::vector<Wire>& attributes = {}, std::string_view domain = "",
                 std::string_view name = "", std::string_view doc = "") {
  Wire wire;
  for (const std::string& name : inputs) wire.text(1, name);
  for (const std::string& name : outputs) wire.text(2, name);
  if (!name.empty()) wire.text(3, name);
  wire.text(4, op);
  for (const Wire& attribute : attributes) wire.message(5, attribute);
  if (!doc.empty()) wire.text(6, doc);
  if (!domain.empty()) wire.text(7, domain);
  return wire;
}

// A float tensor value of known sizes.
inline Wire value_info(std::string_view name, const std::vector<std::int64_t>& dims, int type = 1) {
  Wire shape;
  for (const std::int64_t dim : dims)
    shape.message(1, Wire().varint(1, static_cast<std::uint64_t>(dim)));
  const Wire tensor = Wire().varint(1, static_cast<std::uint64_t>(type)).message(2, shape);
  return Wire().text(1, name).message(2, Wire().message(1, tensor));
}

// dims, type and name of a TensorProto; the caller adds data.
inline Wire tensor(std::string_view name, const std::vector<std::int64_t>& dims, int type) {
  Wire wire;
  for (const std::int64_t dim : dims) wire.varint(1, static_cast<std::uint64_t>(dim));
  return wire.varint(2, static_cast<std::uint64_t>(type)).text(8, name);
}

inline Wire float_tensor(std::string_view name, const std::vector<std::int64_t>& dims,
                         const std::vector<float>& values) {
  std::string raw(values.size() * sizeof(float), '\0');
  if (!raw.empty()) std::memcpy(&raw[0], values.data(), raw.size());
  return tensor(name, dims, 1).text(9, raw);
}

inline Wire entry(std::string_view key, std::string_view value) {
  return Wire().text(1, key).text(2, value);
}

inline Wire model(const Wire& graph, std::int64_t opset_version = 17, std::int64_t ir = 8) {
  return Wire()
      .varint(1, static_cast<std::uint64_t>(ir))
      .message(7, graph)
      .message(8, opset("", opset_version));
}

// x -> Relu -> y
inline Wire relu_graph() {
  return Wire()
      .message(1, node("Relu", {"x"}, {"y"}))
      .text(2, "g")
      .message(11, value_info("x", {2}))
      .message(12, value_info("y", {2}));
}

// x + w -> y with the initializer given.
inline Wire add_graph(const Wire& w) {
  return Wire()
      .message(1, node("Add", {"x", "w"}, {"y"}))
      .text(2, "g")
      .message(5, w)
      .message(11, value_info("x", {2}))
      .message(12, value_info("y", {2}));
}

}  // namespace keel::test
