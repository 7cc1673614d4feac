// Round trips of every type, files that NumPy wrote, and files that lie.
#include "loaders/files/tensor_file.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "tests/loaders/outcome.h"
#include "tests/loaders/temp_folder.h"

namespace keel {
namespace {

using namespace test;
using loaders::ByteSource;

Tensor read_npy(const std::string& bytes) {
  return keel::read_npy(ByteSource(bytes.data(), bytes.size()));
}
NamedTensors read_npz(const std::string& bytes) {
  return keel::read_npz(ByteSource(bytes.data(), bytes.size()));
}
int npy_code(const std::string& bytes) {
  return outcome_of([&] { read_npy(bytes); }).code;
}
int npz_code(const std::string& bytes) {
  return outcome_of([&] { read_npz(bytes); }).code;
}

// An .npy file with this dictionary and data.
std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  std::string bytes = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  bytes += static_cast<char>(dictionary.size());
  bytes += '\0';
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + dictionary + data;
}

Tensor pattern(DataType type, const Shape& shape) {
  Tensor tensor(type, shape);
  for (std::size_t i = 0; i < tensor.byte_size(); ++i)
    tensor.data_as<std::uint8_t>()[i] =
        static_cast<std::uint8_t>(type == DataType::Bool ? i % 2 : i * 37 + 11);
  return tensor;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && a.shape() == b.shape() &&
         (a.byte_size() == 0 || std::memcmp(a.data(), b.data(), a.byte_size()) == 0);
}

constexpr DataType kNumpyTypes[] = {
    DataType::Float,  DataType::Uint8,  DataType::Int8,      DataType::Uint16,    DataType::Int16,
    DataType::Int32,  DataType::Int64,  DataType::Bool,      DataType::Float16,   DataType::Double,
    DataType::Uint32, DataType::Uint64, DataType::Complex64, DataType::Complex128};

TEST(TensorFile, NpyRoundTrips) {
  for (const DataType type : kNumpyTypes)
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{3, 5}, Shape{2, 0, 3}}) {
      const Tensor tensor = pattern(type, shape);
      const std::string bytes = npy_bytes(tensor);
      EXPECT_TRUE(same(read_npy(bytes), tensor)) << data_type_name(type);
      EXPECT_EQ((bytes.size() - tensor.byte_size()) % 64, 0u);  // aligned for mapping
    }
}

TEST(TensorFile, NpyStringsAndWidenedTypes) {
  const Tensor words = make_tensor<std::string>({2}, {"z\xC3\xBC\xF0\x9F\x98\x80", ""});
  const Tensor again = read_npy(npy_bytes(words));
  EXPECT_EQ(again.data_as<std::string>()[0], words.data_as<std::string>()[0]);
  EXPECT_EQ(again.data_as<std::string>()[1], "");
  const Tensor bytes = read_npy(
      npy("{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }", std::string("abc\0", 4)));
  EXPECT_EQ(bytes.data_as<std::string>()[1], "c");

  Tensor nibbles(DataType::Int4, {3});
  nibbles.data_as<std::uint8_t>()[0] = 0x8F;  // -1, -8
  nibbles.data_as<std::uint8_t>()[1] = 0x07;
  const Tensor integers = read_npy(npy_bytes(nibbles));
  EXPECT_TRUE(same(integers, make_tensor<std::int8_t>({3}, {-1, -8, 7})));
  Tensor brain(DataType::BFloat16, {1});
  *brain.data_as<std::uint16_t>() = 0x3FC0;
  EXPECT_TRUE(same(read_npy(npy_bytes(brain)), make_tensor<float>({1}, {1.5F})));
}

TEST(TensorFile, NpyAsNumpyWritesIt) {
  const std::string two_floats("\0\0\x80\x3F\0\0\0\x40", 8);
  const Tensor expected = make_tensor<float>({2}, {1, 2});
  const char* dictionaries[] = {
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }          \n",
      "{'shape': (2,), 'descr': '<f4', 'fortran_order': True}\n",
      "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2L,)}",
      "{'descr':'<f4','fortran_order':False,'shape':(2)}",
  };
  for (const char* dictionary : dictionaries)
    for (int version = 1; version <= 3; ++version)
      EXPECT_TRUE(same(read_npy(npy(dictionary, two_floats, version)), expected)) << dictionary;
  const std::string big_endian("\x3F\x80\0\0\x40\0\0\0", 8);
  EXPECT_TRUE(
      same(read_npy(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", big_endian)),
           expected));
}

TEST(TensorFile, NpyThatLies) {
  const auto with = [](const std::string& descr, const std::string& order, const std::string& shape,
                       std::size_t bytes) {
    return npy("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }",
               std::string(bytes, '\0'));
  };
  EXPECT_EQ(npy_code(with("'<f4'", "False", "(2, 2)", 16)), 0);
  const std::string rows[] = {
      with("'<f4'", "True", "(2, 2)", 16),                     // Fortran order
      with("'|O'", "False", "(2, 2)", 16),                     // pickled
      with("[('a', '<f4')]", "False", "(4,)", 16),             // structured
      with("'<f4'", "False", "(2, 2)", 15),                    // short
      with("'<f4'", "False", "(2, 2)", 17),                    // long
      with("'<f4'", "False", "(4611686018427387904, 4)", 16),  // wraps to 0
      with("'<f4'", "False", "(99999999999999999999,)", 16),
      with("'<f4'", "False", "(-1,)", 16),
      with("'<f4'", "False", "(1000000000000,)", 16),
      with("'<f3'", "False", "(2, 2)", 12),
      with("'<V2'", "False", "(2, 2)", 8),
      with("'<f4'", "0", "(2, 2)", 16),
      with("'<U4294967295'", "False", "(4294967295,)", 16),
      with("'<S0'", "False", "(1000000000000,)", 0),
      npy("{'descr': '<f4', 'shape': (4,), }", std::string(16, '\0')),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'x': 1}", ""),
      npy("{'descr': '<f4", ""),
      npy("", ""),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", std::string(16, '\0'), 4),
      std::string("\x93NUMPY\x01\0\xFF\xFF{", 11),
      "not numpy at all",
      "",
  };
  for (const std::string& row : rows) EXPECT_EQ(npy_code(row), 5) << row;
  const std::string whole = npy_bytes(pattern(DataType::Float, {2, 2}));
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(npy_code(whole.substr(0, n)), 5) << n;
}

TEST(TensorFile, NpzRoundTrips) {
  NamedTensors tensors;
  for (const DataType type : kNumpyTypes)
    tensors[std::string(data_type_name(type))] = pattern(type, {2, 3});
  tensors["a/b c"] = pattern(DataType::Float, {});
  const std::string bytes = npz_bytes(tensors);
  EXPECT_EQ(bytes, npz_bytes(tensors));
  const NamedTensors again = read_npz(bytes);
  ASSERT_EQ(again.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(same(again.at(name), tensor)) << name;
  EXPECT_TRUE(read_npz(npz_bytes({})).empty());
}

std::string le(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// An archive of one member "x.npy" as zipfile makes it when it compresses.
std::string deflated_npz(const std::string& data, std::uint32_t claimed_size,
                         std::uint32_t claimed_crc) {
  std::string packed(compressBound(data.size()) + 64, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(&packed[0]);
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const std::string common = le(20, 2) + le(0, 2) + le(8, 2) + le(0, 4) + le(claimed_crc, 4) +
                             le(static_cast<std::uint32_t>(packed.size()), 4) +
                             le(claimed_size, 4) + le(5, 2) + le(0, 2);
  const std::string local = le(0x04034b50, 4) + common + "x.npy" + packed;
  const std::string central =
      le(0x02014b50, 4) + le(20, 2) + common + std::string(10, '\0') + le(0, 4) + "x.npy";
  return local + central + le(0x06054b50, 4) + le(0, 4) + le(1, 2) + le(1, 2) +
         le(static_cast<std::uint32_t>(central.size()), 4) +
         le(static_cast<std::uint32_t>(local.size()), 4) + le(0, 2);
}

std::uint32_t crc_of(const std::string& data) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
}

TEST(TensorFile, NpzDeflated) {
  const Tensor zeros = make_tensor<float>({100, 1000}, std::vector<float>(100000));
  for (const Tensor& tensor : {zeros, pattern(DataType::Float, {3, 7})}) {
    const std::string data = npy_bytes(tensor);
    const auto size = static_cast<std::uint32_t>(data.size());
    const std::string good = deflated_npz(data, size, crc_of(data));
    EXPECT_TRUE(same(read_npz(good).at("x"), tensor));
    EXPECT_EQ(npz_code(deflated_npz(data, size, crc_of(data) + 1)), 5);
    EXPECT_EQ(npz_code(deflated_npz(data, size + 4, crc_of(data))), 5);
    EXPECT_EQ(npz_code(deflated_npz(data, 0xFFFFFFF0, crc_of(data))), 5);
  }
}

TEST(TensorFile, NpzThatIsBroken) {
  const std::string whole = npz_bytes({{"x", pattern(DataType::Float, {2})}});
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(npz_code(whole.substr(0, n)), 5) << n;
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const char flip : {'\x01', '\x80', '\xFF'}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      npz_code(bytes);  // an error or not, but never worse
    }
}

TEST(TensorFile, PbAndRaw) {
  const Tensor tensor = pattern(DataType::Float16, {2, 3});
  const std::string bytes = pb_bytes(tensor, "n");
  std::string name;
  EXPECT_TRUE(same(read_pb(ByteSource(bytes.data(), bytes.size()), &name), tensor));
  EXPECT_EQ(name, "n");
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(outcome_of([&] { read_pb(ByteSource(bytes.data(), n), nullptr); }).code, 5) << n;
  const ByteSource raw(tensor.data(), tensor.byte_size());
  EXPECT_TRUE(same(read_raw(raw, DataType::Float16, {2, 3}), tensor));
  EXPECT_EQ(outcome_of([&] { read_raw(raw, DataType::Float16, {2, 2}); }).code, 5);
  EXPECT_EQ(outcome_of([&] { read_raw(raw, DataType::String, {1}); }).code, 5);
  EXPECT_EQ(outcome_of([&] { read_raw(raw, DataType::Undefined, {}); }).code, 5);
}

TEST(TensorFile, ByExtension) {
  const TempFolder folder;
  const Tensor tensor = pattern(DataType::Int32, {2, 3});
  for (const char* name : {"t.npy", "t.npz", "t.pb", "t.raw", "T.NPY"}) {
    write_tensor_file(folder.file(name), {{"t", tensor}});
    EXPECT_TRUE(same(read_tensor_file(folder.file(name), {DataType::Int32, {2, 3}}), tensor));
  }
  const auto write = [&](const std::string& name, const NamedTensors& tensors) {
    return outcome_of([&] { write_tensor_file(folder.file(name), tensors); }).code;
  };
  EXPECT_EQ(write("t.txt", {{"t", tensor}}), 2);
  EXPECT_EQ(write("t.npy", {{"t", tensor}, {"u", tensor}}), 5);
  EXPECT_EQ(write("none/t.npy", {{"t", tensor}}), 7);
  EXPECT_EQ(outcome_of([&] { read_tensor_file(folder.file("none.npy")); }).code, 7);
  EXPECT_EQ(outcome_of([&] { read_tensor_file(folder.write("t.txt", "x")); }).code, 5);
}

}  // namespace
}  // namespace keel
