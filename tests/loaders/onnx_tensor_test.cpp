// Every type in every form a TensorProto allows, and the catalogue of broken tensors.
#include "loaders/onnx_tensor.h"

#include <gtest/gtest.h>

#include "loaders/proto_tensor.h"
#include "tests/loaders/model_wire.h"
#include "tests/loaders/outcome.h"

namespace keel {
namespace {

using namespace test;

Tensor parse(const Wire& wire) {
  return parse_tensor_bytes(wire.bytes().data(), wire.bytes().size(), nullptr);
}

int code(const Wire& wire) {
  return outcome_of([&] { parse(wire); }).code;
}

std::string bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.data()), tensor.byte_size()};
}

template <typename T>
std::string bytes(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

Wire packed(const std::vector<std::int64_t>& values) {
  Wire wire;
  for (const std::int64_t value : values) wire.raw_varint(static_cast<std::uint64_t>(value));
  return wire;
}

TEST(OnnxTensor, ReadsTypedData) {
  const struct {
    int type, field;
    std::int64_t elements;
    std::string data;  // of the field
    std::string expected;
  } rows[] = {
      {1, 4, 2, bytes<float>({1.5F, -2}), bytes<float>({1.5F, -2})},
      {2, 5, 2, packed({0, 255}).bytes(), bytes<std::uint8_t>({0, 255})},
      {3, 5, 2, packed({-128, 127}).bytes(), bytes<std::int8_t>({-128, 127})},
      {4, 5, 2, packed({0, 65535}).bytes(), bytes<std::uint16_t>({0, 65535})},
      {5, 5, 2, packed({-32768, 32767}).bytes(), bytes<std::int16_t>({-32768, 32767})},
      {6, 5, 2, packed({-5, 7}).bytes(), bytes<std::int32_t>({-5, 7})},
      {7, 7, 2, packed({-5, 1LL << 40}).bytes(), bytes<std::int64_t>({-5, 1LL << 40})},
      {9, 5, 2, packed({0, 1}).bytes(), bytes<std::uint8_t>({0, 1})},
      {10, 5, 2, packed({0x3C00, 0xC000}).bytes(), bytes<std::uint16_t>({0x3C00, 0xC000})},
      {11, 10, 1, bytes<double>({2.5}), bytes<double>({2.5})},
      {12, 11, 2, packed({0, 0xFFFFFFFF}).bytes(), bytes<std::uint32_t>({0, 0xFFFFFFFF})},
      {13, 11, 1, packed({-1}).bytes(), bytes<std::uint64_t>({~std::uint64_t{0}})},
      {14, 4, 1, bytes<float>({1, 2}), bytes<float>({1, 2})},
      {15, 10, 1, bytes<double>({1, 2}), bytes<double>({1, 2})},
      {16, 5, 1, packed({0x3F80}).bytes(), bytes<std::uint16_t>({0x3F80})},
      {17, 5, 2, packed({1, 255}).bytes(), bytes<std::uint8_t>({1, 255})},
      {18, 5, 1, packed({2}).bytes(), bytes<std::uint8_t>({2})},
      {19, 5, 1, packed({3}).bytes(), bytes<std::uint8_t>({3})},
      {20, 5, 1, packed({4}).bytes(), bytes<std::uint8_t>({4})},
      {21, 5, 3, packed({0x21, 0x03}).bytes(), bytes<std::uint8_t>({0x21, 0x03})},
      {22, 5, 3, packed({0xFE, 0x03}).bytes(), bytes<std::uint8_t>({0xFE, 0x03})},
      {23, 5, 2, packed({0x21}).bytes(), bytes<std::uint8_t>({0x21})},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.type);
    const Tensor typed = parse(tensor("t", {row.elements}, row.type).text(row.field, row.data));
    EXPECT_EQ(static_cast<int>(typed.type()), row.type);
    EXPECT_EQ(typed.shape(), Shape{row.elements});
    EXPECT_EQ(bytes_of(typed), row.expected);
    const Tensor raw = parse(tensor("t", {row.elements}, row.type).text(9, row.expected));
    EXPECT_EQ(bytes_of(raw), row.expected);
    // And back.
    std::string name;
    const std::string written = tensor_to_bytes(raw, "w");
    const Tensor again = parse_tensor_bytes(written.data(), written.size(), &name);
    EXPECT_EQ(name, "w");
    EXPECT_EQ(bytes_of(again), row.expected);
    // One element short or long, in either form.
    EXPECT_EQ(code(tensor("t", {row.elements + 2}, row.type).text(row.field, row.data)), 3);
    EXPECT_EQ(code(tensor("t", {row.elements}, row.type).text(9, row.expected + "x")), 3);
    EXPECT_EQ(code(tensor("t", {row.elements}, row.type).text(9, row.expected.substr(1))), 3);
    // Empty.
    EXPECT_EQ(parse(tensor("t", {0, 7}, row.type)).size(), 0);
  }
}

TEST(OnnxTensor, ReadsStrings) {
  const Tensor strings = parse(tensor("t", {2}, 8).text(6, "a").text(6, std::string("\0b", 2)));
  EXPECT_EQ(strings.data_as<std::string>()[0], "a");
  EXPECT_EQ(strings.data_as<std::string>()[1], std::string("\0b", 2));
  EXPECT_EQ(code(tensor("t", {2}, 8).text(6, "a")), 3);
  EXPECT_EQ(code(tensor("t", {1}, 8).text(9, "a")), 3);
  const std::string written = tensor_to_bytes(strings, "");
  EXPECT_EQ(parse_tensor_bytes(written.data(), written.size(), nullptr).data_as<std::string>()[0],
            "a");
}

TEST(OnnxTensor, AnyByteIsABool) {
  const Tensor bools = parse(tensor("t", {3}, 9).text(9, std::string("\0\x02\xFF", 3)));
  EXPECT_EQ(bytes_of(bools), std::string("\0\x01\x01", 3));
}

TEST(OnnxTensor, RefusesBrokenTensors) {
  const std::int64_t big = std::int64_t{1} << 62;
  Wire rank33 = tensor("t", std::vector<std::int64_t>(33, 1), 1).text(9, "1234");
  const struct {
    const char* what;
    Wire wire;
    int code;
  } rows[] = {
      {"negative dim", tensor("t", {-1}, 1), 3},
      {"overflow", tensor("t", {big, big}, 1).text(9, "1234"), 3},
      {"2^62 elements", tensor("t", {big}, 1), 3},
      {"2^62 bytes", tensor("t", {big}, 2), 3},
      {"raw and typed", tensor("t", {1}, 1).text(9, "1234").text(4, "1234"), 3},
      {"no data", tensor("t", {1}, 1), 3},
      {"type UNDEFINED", tensor("t", {1}, 0).text(9, "1234"), 4},
      {"type 99", tensor("t", {1}, 99).text(9, "1234"), 4},
      {"no type", Wire().varint(1, 1).text(9, "1234"), 4},
      {"rank 33", rank33, 4},
      {"segment", tensor("t", {1}, 1).text(9, "1234").message(3, Wire().varint(1, 0)), 4},
      {"int8 below", tensor("t", {1}, 3).message(5, packed({-129})), 3},
      {"int8 above", tensor("t", {1}, 3).message(5, packed({128})), 3},
      {"uint8 negative", tensor("t", {1}, 2).message(5, packed({-1})), 3},
      {"bool 2", tensor("t", {1}, 9).message(5, packed({2})), 3},
      {"half 65536", tensor("t", {1}, 10).message(5, packed({65536})), 3},
      {"uint32 2^32", tensor("t", {1}, 12).message(11, packed({1LL << 32})), 3},
      {"wrong field", tensor("t", {1}, 1).message(5, packed({1})), 3},
      {"external here", tensor("t", {1}, 1).varint(14, 1).message(13, entry("location", "w")), 3},
  };
  for (const auto& row : rows) {
    const Outcome outcome = outcome_of([&] { parse(row.wire); });
    EXPECT_EQ(outcome.code, row.code) << row.what << ": " << outcome;
  }
}

TEST(OnnxTensor, SixtyFourBitSizesOfNothing) {
  // A zero anywhere makes the tensor empty, whatever the other sizes are.
  EXPECT_EQ(parse(tensor("t", {0, std::int64_t{1} << 62, 8}, 1)).size(), 0);
}

// A model whose only initializer is sparse.
std::string sparse_model(const std::vector<std::int64_t>& dims, const Wire& values,
                         const Wire& indices) {
  Wire sparse;
  sparse.message(1, values).message(2, indices);
  for (const std::int64_t dim : dims) sparse.varint(3, static_cast<std::uint64_t>(dim));
  const Wire graph = Wire().message(15, sparse).message(12, value_info("s", dims));
  return model(graph).bytes();
}

Wire index_tensor(const std::vector<std::int64_t>& dims, const std::vector<std::int64_t>& values) {
  return tensor("", dims, 7).message(7, packed(values));
}

TEST(OnnxTensor, MakesSparseTensorsDense) {
  for (const Wire& indices : {index_tensor({2}, {1, 5}), index_tensor({2, 2}, {0, 1, 1, 2})}) {
    const std::string bytes = sparse_model({2, 3}, float_tensor("s", {2}, {7, 9}), indices);
    const LoadedModel loaded = read_model(bytes.data(), bytes.size());
    const Tensor& dense = *loaded.graph.values[loaded.graph.outputs[0]].constant;
    EXPECT_EQ(dense.shape(), (Shape{2, 3}));
    const float expected[] = {0, 7, 0, 0, 0, 9};
    EXPECT_EQ(std::memcmp(dense.data(), expected, sizeof expected), 0);
  }
}

TEST(OnnxTensor, RefusesBrokenSparseTensors) {
  const Wire two = float_tensor("s", {2}, {7, 9});
  const struct {
    const char* what;
    std::string bytes;
    int code;
  } rows[] = {
      {"out of range", sparse_model({2, 3}, two, index_tensor({2}, {1, 6})), 3},
      {"negative", sparse_model({2, 3}, two, index_tensor({2}, {-1, 1})), 3},
      {"unsorted", sparse_model({2, 3}, two, index_tensor({2}, {5, 1})), 3},
      {"duplicate", sparse_model({2, 3}, two, index_tensor({2}, {1, 1})), 3},
      {"coordinate out of range", sparse_model({2, 3}, two, index_tensor({2, 2}, {0, 1, 0, 3})), 3},
      {"fewer indices", sparse_model({2, 3}, two, index_tensor({1}, {1})), 3},
      {"bomb", sparse_model({1 << 20, 1 << 20}, two, index_tensor({2}, {0, 1})), 6},
      {"overflow", sparse_model({1LL << 40, 1LL << 40}, two, index_tensor({2}, {0, 1})), 6},
      {"zero dim", sparse_model({0}, float_tensor("s", {0}, {}), index_tensor({0}, {})), 3},
  };
  for (const auto& row : rows) {
    const Outcome outcome = load_bytes(row.bytes);
    EXPECT_EQ(outcome.code, row.code) << row.what << ": " << outcome;
  }
}

}  // namespace
}  // namespace keel
