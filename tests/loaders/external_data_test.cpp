// External data stays in its folder.
#include "loaders/external_data.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/loaders/model_wire.h"
#include "tests/loaders/outcome.h"
#include "tests/loaders/temp_folder.h"

namespace keel {
namespace {

using namespace test;
namespace fs = std::filesystem;

using Entries = std::vector<std::pair<std::string, std::string>>;

Wire external_tensor(const Entries& entries) {
  Wire wire = tensor("w", {2}, 1).varint(14, 1);
  for (const auto& [key, value] : entries) wire.message(13, entry(key, value));
  return wire;
}

class ExternalDataTest : public ::testing::Test {
 protected:
  ExternalDataTest() {
    fs::create_directories(root.file("models/sub"));
    const float values[] = {1, 2, 3, 4};
    const std::string bytes(reinterpret_cast<const char*>(values), sizeof values);
    root.write("models/w.bin", bytes);
    root.write("models/sub/w.bin", bytes);
    root.write("secret.bin", bytes);
    fs::create_symlink("w.bin", root.file("models/link.bin"));
    fs::create_directory_symlink("sub", root.file("models/linked"));
    fs::create_directory_symlink("..", root.file("models/up"));
    mkfifo(root.file("models/fifo").c_str(), 0600);
    root.write("models/twice.bin", bytes);
    fs::create_hard_link(root.file("models/twice.bin"), root.file("twice.bin"));
  }

  // Loads models/m.onnx with the tensor as initializer of x + w.
  Outcome load(const Wire& w, const Options& options = {}) {
    return load_path(root.write("models/m.onnx", model(add_graph(w)).bytes()), options);
  }
  Outcome load(const Entries& entries) { return load(external_tensor(entries)); }

  TempFolder root;
};

TEST_F(ExternalDataTest, ReadsFilesBeneathTheModel) {
  for (const char* location : {"w.bin", "sub/w.bin", "./w.bin", "sub/./w.bin", "sub//w.bin"})
    EXPECT_EQ(load({{"location", location}}).code, 0) << location;
  const std::string path = root.write(
      "models/m.onnx",
      model(add_graph(external_tensor(
                {{"location", "w.bin"}, {"offset", "8"}, {"length", "8"}, {"checksum", "0123"}})))
          .bytes());
  const LoadedModel loaded = read_model(path);
  for (const Value& value : loaded.graph.values)
    if (value.name == "w") {
      EXPECT_EQ(value.constant->data_as<float>()[0], 3);
    }
}

TEST_F(ExternalDataTest, RefusesEveryWayOut) {
  for (const std::string location :
       {"../secret.bin", "sub/../../secret.bin", "sub/../w.bin", "..", "/etc/passwd", "link.bin",
        "linked/w.bin", "up/secret.bin", "fifo", "sub", "twice.bin", "/dev/zero", "/proc/self/mem",
        "m.onnx", "", "*/_ORT_MEM_ADDR_/*", "w.bin/", "w.bin/x"}) {
    const Outcome outcome = load({{"location", location}});
    EXPECT_EQ(outcome.code, 3) << location << ": " << outcome;
    EXPECT_NE(outcome.message.find("'w'"), std::string::npos) << outcome;
  }
  EXPECT_EQ(load({{"location", std::string("w.bin\0.txt", 10)}}).code, 3);
  EXPECT_EQ(load({{"location", "missing.bin"}}).code, 7);
}

TEST_F(ExternalDataTest, RefusesBrokenEntries) {
  const std::string location = "w.bin";
  const struct {
    const char* what;
    Entries entries;
  } rows[] = {
      {"no location", {{"offset", "0"}}},
      {"nothing", {}},
      {"negative offset", {{"location", location}, {"offset", "-8"}}},
      {"no number", {{"location", location}, {"offset", "8x"}}},
      {"empty number", {{"location", location}, {"length", ""}}},
      {"space", {{"location", location}, {"offset", " 8"}}},
      {"beyond 64 bits", {{"location", location}, {"offset", "18446744073709551616"}}},
      {"wrapping", {{"location", location}, {"offset", "18446744073709551612"}}},
      {"behind the end", {{"location", location}, {"offset", "12"}}},
      {"wrong length", {{"location", location}, {"length", "16"}}},
      {"unknown key", {{"location", location}, {"locatoin", "x"}}},
      {"repeated key", {{"location", location}, {"location", location}}},
  };
  for (const auto& row : rows) {
    const Outcome outcome = load(row.entries);
    EXPECT_EQ(outcome.code, 3) << row.what << ": " << outcome;
  }
}

TEST_F(ExternalDataTest, AFileOfHolesIsNotBelieved) {
  fs::resize_file(root.write("models/holes.bin", "x"), std::uint64_t{1} << 40);
  const Wire w = tensor("w", {std::int64_t{1} << 38}, 1)
                     .varint(14, 1)
                     .message(13, entry("location", "holes.bin"));
  EXPECT_EQ(load(w).code, 6);
  Options options;
  options.max_memory = 4;
  EXPECT_EQ(load(external_tensor({{"location", "w.bin"}}), options).code, 6);
}

TEST_F(ExternalDataTest, RefusesMixedData) {
  EXPECT_EQ(load(external_tensor({{"location", "w.bin"}}).text(9, "12345678")).code, 3);
  EXPECT_EQ(
      load(tensor("w", {2}, 1).text(9, "12345678").message(13, entry("location", "w.bin"))).code,
      3);
}

TEST_F(ExternalDataTest, TheSameDoorEverywhere) {
  const Wire bad = external_tensor({{"location", "../secret.bin"}});
  const Wire attribute = Wire().text(1, "value").message(5, bad).varint(20, 4);
  const Wire constant = node("Constant", {}, {"y"}, {attribute});
  const Wire branch = Wire().message(1, constant).message(12, value_info("y", {2}));
  const Wire body = Wire().text(1, "then_branch").message(6, branch).varint(20, 5);
  const Wire sparse = Wire().message(1, bad).message(2, tensor("", {2}, 7)).varint(3, 4);
  const Wire function = Wire().text(1, "F").text(5, "y").message(7, constant).text(10, "local");
  const Wire output = value_info("r", {2});
  const Wire graphs[] = {
      Wire().message(1, constant).message(12, value_info("y", {2})),
      Wire().message(1, node("If", {"c"}, {"r"}, {body})).message(11, value_info("c", {}, 9)),
      Wire().message(15, sparse),
  };
  for (const Wire& graph : graphs)
    EXPECT_EQ(load_path(root.write("models/m.onnx", model(graph).bytes())).code, 3);
  Wire with_function =
      model(Wire().message(1, node("F", {}, {"r"}, {}, "local")).message(12, output));
  with_function.message(25, function).message(8, opset("local", 1));
  EXPECT_EQ(load_path(root.write("models/m.onnx", with_function.bytes())).code, 3);
}

TEST_F(ExternalDataTest, ModelsFromMemoryNeedARoot) {
  const std::string bytes = model(add_graph(external_tensor({{"location", "w.bin"}}))).bytes();
  EXPECT_EQ(load_bytes(bytes).code, 3);
  Options options;
  options.external_root = root.file("models");
  EXPECT_EQ(load_bytes(bytes, options).code, 0);
  options.external_root = root.file("nowhere");
  EXPECT_EQ(load_bytes(bytes, options).code, 7);
}

TEST_F(ExternalDataTest, TheRootIsTheExplicitWayOut) {
  const Wire w = external_tensor({{"location", "secret.bin"}});
  EXPECT_EQ(load(w).code, 7);
  Options options;
  options.external_root = root.file("");
  EXPECT_EQ(load(w, options).code, 0);
}

TEST_F(ExternalDataTest, TheStepwiseWalkIsAsStrict) {
  const loaders::ExternalData data(root.file("models"), nullptr);
  for (const char* location : {"w.bin", "sub/w.bin", "./sub//w.bin"})
    EXPECT_TRUE(data.open_stepwise(location)) << location;
  for (const char* location : {"../secret.bin", "link.bin", "linked/w.bin", "up/secret.bin",
                               "/etc/passwd", "sub/../w.bin", "w.bin/x"})
    EXPECT_EQ(outcome_of([&] { data.open_stepwise(location); }).code, 3) << location;
}

}  // namespace
}  // namespace keel
