// keel fold as a command: what it writes and when it writes nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/folding/fixtures.h"
#include "tests/folding/random_network.h"
#include "tests/loaders/temp_folder.h"
#include "tools/command.h"

namespace keel::test {
namespace {

const FoldFixture& fixture(const std::string& name) {
  for (const FoldFixture& one : fold_fixtures())
    if (one.name == name) return one;
  throw std::runtime_error("no fixture " + name);
}

int fold(std::vector<std::string> arguments) {
  CLI::App app;
  tools::ExitCode exit;
  tools::add_fold(app, exit);
  arguments.insert(arguments.begin(), "fold");
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return exit.value;
}

nlohmann::json json_of(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

TEST(FoldCommand, WritesModelAndReport) {
  const TempFolder folder;
  const std::string model = folder.write("m.onnx", fixture("bn_conv_padded").model.onnx());
  const std::string out = folder.file("out.onnx"), report = folder.file("r.json");
  ASSERT_EQ(fold({model, "-o", out, "--verify", "2", "--report", report, "-q"}), 0);
  const auto json = json_of(report);
  EXPECT_EQ(json["schema"], "keel.fold/1");
  EXPECT_EQ(json["batchnorm"]["before"], 1);
  EXPECT_EQ(json["batchnorm"]["after"], 0);
  EXPECT_EQ(json["ops"]["after"]["Add"], 1);
  ASSERT_EQ(json["nodes"].size(), 1u);
  EXPECT_EQ(json["nodes"][0]["status"], "folded");
  EXPECT_EQ(json["nodes"][0]["pattern"], "BatchNormalization->Conv");
  EXPECT_EQ(json["nodes"][0]["blocker"], "y");
  EXPECT_GT(json["nodes"][0]["max_scale"], 0);
  EXPECT_EQ(json["verify"]["inputs"], 2);
  EXPECT_EQ(json["verify"]["ok"], true);
  EXPECT_GT(json["verify"]["outputs"][0]["bound"], json["verify"]["outputs"][0]["nme"]);
  EXPECT_EQ(json["output"]["sha256"].get<std::string>().size(), 64u);
  EXPECT_NE(json["output"]["sha256"], json["input"]["sha256"]);
  // Once more: the same bytes.
  ASSERT_EQ(fold({out, "-o", folder.file("again.onnx"), "--report", report, "-q"}), 0);
  EXPECT_EQ(json_of(report)["output"]["sha256"], json["output"]["sha256"]);
}

TEST(FoldCommand, AllLayersLargestErrorFirst) {
  const TempFolder folder;
  const std::string model = std::string(KEEL_SOURCE_DIR) + "/models/digits.onnx";
  const std::string report = folder.file("r.json");
  ASSERT_EQ(fold({model, "--dry-run", "--verify", "2", "--report", report, "-q"}), 0);
  EXPECT_EQ(json_of(report)["verify"]["layers"].size(), 1u);
  ASSERT_EQ(fold({model, "--dry-run", "--verify", "2", "--all-nodes", "--report", report, "-q"}),
            0);
  const auto layers = json_of(report)["verify"]["layers"];
  ASSERT_EQ(layers.size(), 5u);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_GT(layers[i]["bound"], layers[i]["nme"]);
    EXPECT_LE(layers[i]["nme"], layers[i == 0 ? 0 : i - 1]["nme"]);
  }
}

TEST(FoldCommand, SentencesAreNotShortened) {
  const TempFolder folder;
  const std::string model = folder.write("m.onnx", fixture("bn_conv_padded_dynamic").model.onnx());
  const std::string report = folder.file("r.json");
  ASSERT_EQ(fold({model, "--dry-run", "--verify", "0", "--report", report, "-q"}), 0);
  const std::string message = json_of(report)["nodes"][0]["message"];
  const std::string end = "give the model's inputs sizes; in a file it stays, keel run folds it";
  EXPECT_NE(message.find(end), std::string::npos) << message;
}

TEST(FoldCommand, TheModelMayReplaceItself) {
  const TempFolder folder;
  const std::string model = folder.write("m.onnx", fixture("conv_2d").model.onnx());
  ASSERT_EQ(fold({model, "-o", model, "-q", "--report", folder.file("r.json")}), 0);
  EXPECT_EQ(json_of(folder.file("r.json"))["batchnorm"]["after"], 0);
  EXPECT_EQ(folder.count(), 2u) << "no temporary file is left";
}

// A scale so large that single roundings exceed what an output may be off by.
TEST(FoldCommand, WritesNothingThatDiffers) {
  const TempFolder folder;
  ModelBuilder m(17);
  m.input("x", Sizes{1, 1, 1, 1}).constant("w", make_tensor<float>({1, 1, 1, 1}, {1.1f}));
  // (1.1 x + b) - b with b = 1e8: original and folded round differently by all there is.
  m.constant("b", make_tensor<float>({1}, {1e8f})).constant("one", make_tensor<float>({1}, {1}));
  m.constant("zero", make_tensor<float>({1}, {0}));
  m.node("Conv", {"x", "w", "b"}, {"c"});
  m.node("BatchNormalization", {"c", "one", "zero", "b", "one"}, {"y"}, {{"epsilon", 0.0f}});
  m.output("y", DataType::Float);
  const std::string model = folder.write("m.onnx", m.onnx());
  EXPECT_EQ(fold({model, "-o", folder.file("out.onnx"), "-q"}), 1);
  EXPECT_EQ(folder.count(), 1u) << "neither a result nor a temporary file";
}

// The proof holds for whatever is folded: every pattern, and random networks.
int fold_verified(const std::string& model, const std::map<std::string, Tensor>& inputs) {
  const TempFolder folder;
  std::vector<std::string> arguments = {folder.write("m.onnx", model), "-o",
                                        folder.file("out.onnx"), "-q"};
  for (const auto& [name, tensor] : inputs) {
    const std::string file = folder.write(name + ".pb", tensor_bytes(tensor, name));
    arguments.insert(arguments.end(), {"-i", name + "=" + file});
  }
  return fold(arguments);
}

TEST(FoldCommand, EveryFixtureIsVerified) {
  for (const FoldFixture& one : fold_fixtures()) {
    if (!one.runnable || one.foreign) continue;
    EXPECT_EQ(fold_verified(one.model.onnx(), one.inputs), 0) << one.name;
  }
}

TEST(FoldCommand, RandomNetworksAreVerified) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const RandomNetwork network = random_network(seed);
    EXPECT_EQ(fold_verified(network.model.onnx(), network.inputs), 0) << "seed " << seed;
  }
}

TEST(FoldCommand, ADryRunWritesNothing) {
  const TempFolder folder;
  const std::string model = folder.write("m.onnx", fixture("conv_2d").model.onnx());
  EXPECT_EQ(fold({model, "--dry-run", "-q"}), 0);
  EXPECT_EQ(folder.count(), 1u);
}

}  // namespace
}  // namespace keel::test
