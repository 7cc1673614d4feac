// What keel fold leaves alone: everything in the file that is not the fold itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "loaders/onnx_reader.h"
#include "tests/loaders/model_wire.h"
#include "tests/loaders/temp_folder.h"
#include "tests/loaders/wire_reader.h"
#include "tools/command.h"

namespace keel::test {
namespace {

int fold(std::vector<std::string> arguments) {
  CLI::App app;
  tools::ExitCode exit;
  tools::add_fold(app, exit);
  arguments.insert(arguments.begin(), "fold");
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return exit.value;
}

const std::string kUnknown = "a field of another version";

Wire annotation(const std::string& name) {
  return Wire().text(1, name).message(2, entry("SCALE_TENSOR", "scale"));
}

Wire vector(const std::string& name, float value) { return float_tensor(name, {2}, {value, 2}); }

// x -> Conv -> BatchNormalization -> Custom -> y, and all that a file may hold besides. "dead" has
// no reader, "acme.F" no caller; the declared sizes of "n" are wrong.
Wire rich_graph() {
  const Wire metadata = entry("layer", "1");
  const Wire conv = node("Conv", {"x", "conv.weight"}, {"c"}, {}, "", "conv", "doc of conv")
                        .message(9, metadata)
                        .text(40, kUnknown + " node");
  const Wire bn =
      node("BatchNormalization", {"c", "gamma", "beta", "mean", "var"}, {"n"}, {}, "", "bn");
  const Wire custom = node("Custom", {"n"}, {"y"}, {Wire().text(1, "k").varint(3, 5).varint(20, 2)},
                           "acme", "custom");
  return Wire()
      .message(1, conv)
      .message(1, bn)
      .message(1, custom)
      .text(2, "rich")
      .message(5, float_tensor("conv.weight", {2, 1, 1, 1}, {1, 2}).text(12, "doc of weight"))
      .message(5, vector("gamma", 1))
      .message(5, vector("beta", 1))
      .message(5, vector("mean", 1))
      .message(5, vector("var", 1))
      .message(5, vector("scale", 1))
      .message(5, vector("dead", 1))
      .text(10, "doc of graph")
      .message(11, value_info("x", {1, 1, 3, 3}).text(3, "doc of x"))
      .message(12, value_info("y", {1, 2, 3, 3}))
      .message(13, value_info("c", {1, 2, 3, 3}))
      .message(13, value_info("n", {1, 2, 9, 9}))
      .message(14, annotation("c"))
      .message(14, annotation("n"))
      .message(14, annotation("x"))
      .text(40, kUnknown + " graph");
}

std::string rich_model() {
  return model(rich_graph())
      .message(8, opset("acme", 3))
      .text(2, "maker")
      .text(3, "1.2")
      .text(6, "doc of model")
      .varint(5, 7)
      .message(14, entry("key", "value"))
      .message(25, Wire().text(1, "F").message(9, opset("", 17)).text(10, "acme"))
      .text(40, kUnknown + " model")
      .bytes();
}

Names names_in(const std::string& graph, int number, int name_field) {
  Names names;
  for (const std::string& item : all_of(graph, number)) names.push_back(one_of(item, name_field));
  return names;
}

TEST(FoldSurvives, EverythingElseInTheFile) {
  const TempFolder folder;
  const std::string before = rich_model(), path = folder.write("m.onnx", before);
  // Keel cannot run the custom operator, so it cannot verify either, and says so.
  EXPECT_THROW(fold({path, "-o", folder.file("out.onnx"), "-q"}), Error);
  EXPECT_EQ(folder.count(), 1u);
  ASSERT_EQ(fold({path, "-o", folder.file("out.onnx"), "--verify", "0", "-q"}), 0);
  const std::string after = read_file(folder.file("out.onnx"));
  for (const int field : {2, 3, 5, 6, 14, 25, 40})
    EXPECT_EQ(all_of(after, field), all_of(before, field));
  const std::string graph = one_of(after, 7), old = one_of(before, 7);
  for (const int field : {2, 10, 11, 12, 40}) EXPECT_EQ(all_of(graph, field), all_of(old, field));
  // The weights keep their name and documentation; of the normalisation nothing is left over.
  EXPECT_EQ(names_in(graph, 1, 3), (Names{"conv", "custom"}));
  EXPECT_EQ(names_in(graph, 5, 8), (Names{"conv.weight", "scale", "dead", "conv.bias"}));
  EXPECT_EQ(one_of(all_of(graph, 5)[0], 12), "doc of weight");
  const std::string conv = all_of(graph, 1)[0];
  EXPECT_EQ(all_of(conv, 1), (Names{"x", "conv.weight", "conv.bias"}));
  EXPECT_EQ(all_of(conv, 2), Names{"n"});
  EXPECT_EQ(one_of(conv, 6), "doc of conv");
  EXPECT_EQ(one_of(conv, 9), entry("layer", "1").bytes());
  EXPECT_EQ(one_of(conv, 40), kUnknown + " node");
  EXPECT_EQ(all_of(graph, 1)[1], all_of(old, 1)[2]);
  // "c" is no more, and what was said of the sizes of "n" was wrong.
  EXPECT_TRUE(all_of(graph, 13).empty());
  EXPECT_EQ(names_in(graph, 14, 1), (Names{"n", "x"}));
  // Once more: nothing changes.
  ASSERT_EQ(fold({folder.file("out.onnx"), "-o", folder.file("again.onnx"), "--verify", "0", "-q"}),
            0);
  EXPECT_EQ(read_file(folder.file("again.onnx")), after);
}

// Sparse weights become dense ones; others stay sparse.
TEST(FoldSurvives, SparseInitializers) {
  const auto sparse = [](const std::string& name) {
    const Wire indices = tensor("", {2}, 7).text(7, std::string("\x00\x03", 2));
    return Wire()
        .message(1, float_tensor(name, {2}, {5, 6}))
        .message(2, indices)
        .varint(3, 2)
        .varint(3, 2);
  };
  const Wire graph =
      Wire()
          .message(1, node("MatMul", {"x", "w"}, {"m"}))
          .message(1, node("BatchNormalization", {"m", "gamma", "beta", "mean", "var"}, {"n"}))
          .message(1, node("MatMul", {"n", "v"}, {"y"}))
          .message(1, node("Relu", {"n"}, {"z"}))
          .message(5, vector("gamma", 3))
          .message(5, vector("beta", 1))
          .message(5, vector("mean", 1))
          .message(5, vector("var", 1))
          .message(11, value_info("x", {1, 2}))
          .message(12, value_info("y", {1, 2}))
          .message(12, value_info("z", {1, 2}))
          .message(15, sparse("w"))
          .message(15, sparse("v"));
  const TempFolder folder;
  const std::string path = folder.write("m.onnx", model(graph).bytes());
  ASSERT_EQ(fold({path, "-o", folder.file("out.onnx"), "-q"}), 0);
  const std::string after = one_of(read_file(folder.file("out.onnx")), 7);
  ASSERT_EQ(all_of(after, 15).size(), 1u);
  EXPECT_EQ(one_of(one_of(all_of(after, 15)[0], 1), 8), "v");
  const Names dense = names_in(after, 5, 8);
  EXPECT_EQ(std::count(dense.begin(), dense.end(), "w"), 1);
  EXPECT_EQ(std::count(dense.begin(), dense.end(), "gamma"), 0);
}

// A table of more than 2 GiB beside the model, which is read but not written. The file is sparse.
TEST(FoldSurvives, ModelsBeyondTwoGigabytes) {
  constexpr std::int64_t kRows = 540000, kColumns = 1000;
  constexpr std::int64_t kBytes = kRows * kColumns * 4;
  static_assert(kBytes > std::int64_t{1} << 31, "more than protobuf can hold");
  const auto free_memory = static_cast<std::int64_t>(sysconf(_SC_AVPHYS_PAGES)) * 4096;
  if (free_memory < 2 * kBytes) GTEST_SKIP() << "takes " << kBytes << " bytes of memory";
  const TempFolder folder;
  folder.write("table.bin", "");
  std::filesystem::resize_file(folder.file("table.bin"), kBytes);
  const Wire table = tensor("table", {kRows, kColumns}, 1)
                         .message(13, entry("location", "table.bin"))
                         .varint(14, 1);
  const std::vector<float> weights(2 * kColumns, 0.5f);
  const Wire graph =
      Wire()
          .message(1, node("Gather", {"table", "i"}, {"x"}))
          .message(1, node("MatMul", {"x", "w"}, {"m"}))
          .message(1, node("BatchNormalization", {"m", "gamma", "beta", "mean", "var"}, {"y"}))
          .message(5, table)
          .message(5, float_tensor("w", {kColumns, 2}, weights))
          .message(5, vector("gamma", 3))
          .message(5, vector("beta", 1))
          .message(5, vector("mean", 1))
          .message(5, vector("var", 1))
          .message(11, value_info("i", {1}, 7))
          .message(12, value_info("y", {1, 2}));
  const std::string path = folder.write("m.onnx", model(graph).bytes());
  ASSERT_EQ(fold({path, "-o", folder.file("out.onnx"), "--verify", "0", "-q"}), 0);
  const std::string after = one_of(read_file(folder.file("out.onnx")), 7);
  EXPECT_EQ(names_in(after, 1, 4), (Names{"Gather", "MatMul", "Add"}));
  EXPECT_EQ(all_of(after, 5)[0], table.bytes());
  EXPECT_EQ(folder.count(), 3u);
}

}  // namespace
}  // namespace keel::test
