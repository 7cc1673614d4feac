// The catalogue of broken wire formats: every row an Error of the right code, in one line.
#include "loaders/prescan.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <random>

#include "tests/loaders/model_wire.h"
#include "tests/loaders/outcome.h"
#include "tests/loaders/temp_folder.h"

namespace keel {
namespace {

using namespace test;

std::string good() { return model(relu_graph()).bytes(); }

void expect(const std::string& what, const std::string& bytes, int code) {
  const Outcome outcome = load_bytes(bytes);
  EXPECT_EQ(outcome.code, code) << what << ": " << outcome;
  EXPECT_TRUE(code == 0 || is_one_line(outcome)) << what << ": " << outcome;
}

// `depth` subgraphs, each in a node of the one around it.
Wire nested(int depth) {
  Wire graph = relu_graph();
  for (int i = 0; i < depth; ++i) {
    const Wire attribute = Wire().text(1, "body").message(6, graph).varint(20, 5);
    graph = Wire().message(1, node("Loop", {}, {}, {attribute}));
  }
  return graph;
}

TEST(Prescan, AcceptsAModel) { expect("good", good(), 0); }

TEST(Prescan, RefusesEveryTruncation) {
  const std::string whole = good();
  for (std::size_t n = 0; n < whole.size(); ++n)
    expect("truncated at " + std::to_string(n), whole.substr(0, n), 3);
}

TEST(Prescan, RefusesBrokenWireFormat) {
  const std::string nested_groups(10000, '\x0b');
  const struct {
    const char* what;
    std::string bytes;
  } rows[] = {
      {"empty", ""},
      {"zeros", std::string(100, '\0')},
      {"trailing zeros", good() + std::string(3, '\0')},
      {"trailing garbage", good() + "\xff\xff\xff\xff"},
      {"trailing copy", good() + good()},
      {"lying length", Wire().varint(1, 8).raw("\x3a\xff\xff\xff\x7f").raw("x").bytes()},
      {"varint of eleven bytes", Wire().raw("\x08").raw(std::string(10, '\x80') + "\x01").bytes()},
      {"field number 0", good() + std::string("\x02\x00", 2)},
      {"wire type 6", good() + "\x0e"},
      {"groups in groups", good() + nested_groups},
      {"graph twice", Wire().raw(good()).message(7, relu_graph()).bytes()},
      {"graph as a number", Wire().varint(1, 8).message(8, opset("", 17)).varint(7, 1).bytes()},
      {"no graph", Wire().varint(1, 8).message(8, opset("", 17)).bytes()},
      {"no IR version", Wire().message(7, relu_graph()).message(8, opset("", 17)).bytes()},
      {"IR version 0", model(relu_graph(), 17, 0).bytes()},
      {"IR version 999", model(relu_graph(), 17, 999).bytes()},
      {"34 subgraphs deep", model(nested(34)).bytes()},
      {"33 subgraphs deep", model(nested(33)).bytes()},
      {"text", "ir_version: 8\ngraph {\n}\n"},
      {"zip", std::string("PK\x03\x04\x14\x00\x00\x00", 8)},
      {"gzip", std::string("\x1f\x8b\x08\x00\x00", 5)},
      {"LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"},
  };
  for (const auto& row : rows) expect(row.what, row.bytes, 3);
}

TEST(Prescan, SurvivesRandomBytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_NE(load_bytes(bytes).code, 0);
  }
  // One byte of a good model changed: an error or not, but never worse.
  const std::string whole = good();
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (int value = 0; value < 256; value += 5) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(value);
      load_bytes(bytes);
    }
}

std::string repeat(std::string_view piece, std::size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(Prescan, RefusesBombsWithoutMemory) {
  constexpr std::size_t kCount = 900'000;
  const auto in_graph = [](const std::string& fields) { return model(Wire().raw(fields)).bytes(); };
  const auto in_node = [&](const std::string& fields) {
    return in_graph(Wire().message(1, Wire().raw(fields)).bytes());
  };
  const struct {
    const char* what;
    std::string bytes;
  } rows[] = {
      {"10 M empty nodes", in_graph(repeat({"\x0a\x00", 2}, 10'000'000))},
      {"empty nodes below the limit", in_graph(repeat({"\x0a\x00", 2}, kCount))},
      {"empty attributes", in_node(repeat({"\x2a\x00", 2}, kCount))},
      {"empty inputs", in_node(repeat({"\x0a\x00", 2}, kCount * 5))},
      {"empty initializers", in_graph(repeat({"\x2a\x00", 2}, kCount))},
      {"empty value infos", in_graph(repeat({"\x6a\x00", 2}, kCount))},
  };
  for (const auto& row : rows) {
    struct rusage before = {}, after = {};
    getrusage(RUSAGE_SELF, &before);
    expect(row.what, row.bytes, 6);
    getrusage(RUSAGE_SELF, &after);
    // The bytes are in memory already: reading them must hardly add to that.
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 4096) << row.what;
  }
}

TEST(Prescan, FilesAreReadWhereNeededAndFoldersRefused) {
  const TempFolder folder;
  EXPECT_EQ(load_path(folder.write("m.onnx", good())).code, 0);
  EXPECT_EQ(load_path(folder.file("missing.onnx")).code, 7);
  EXPECT_EQ(load_path(folder.file("")).code, 7);
  ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(load_path(folder.file("fifo")).code, 7);
  EXPECT_EQ(load_path("/dev/zero").code, 7);
}

TEST(Prescan, RefusesMoreThanTwoGibibytes) {
  const TempFolder folder;
  const std::string path = folder.write("big.onnx", "x");
  std::filesystem::resize_file(path, (std::uint64_t{1} << 31) + 1);  // a hole, no disk space
  EXPECT_EQ(load_path(path).code, 6);
}

TEST(Prescan, FindsLargePayloads) {
  const std::string raw(2 << 20, '\x11');
  const Wire w = tensor("w", {2 << 20}, 2).text(9, raw).text(12, "doc");
  const std::string bytes = model(add_graph(w)).bytes();
  const loaders::Scan scan = loaders::prescan(loaders::ByteSource(bytes.data(), bytes.size()));
  ASSERT_EQ(scan.payloads.size(), 1u);
  EXPECT_EQ(bytes.compare(scan.payloads[0].data.begin, raw.size(), raw), 0);
  const LoadedModel loaded = read_model(bytes.data(), bytes.size());
  for (const Value& value : loaded.graph.values)
    if (value.name == "w") {
      ASSERT_EQ(value.constant->byte_size(), raw.size());
      EXPECT_EQ(std::memcmp(value.constant->data(), raw.data(), raw.size()), 0);
    }
}

}  // namespace
}  // namespace keel
