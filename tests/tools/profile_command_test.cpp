// keel profile as a command: every node, and why it has no faster kernel.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/loaders/temp_folder.h"
#include "tests/support/model_builder.h"
#include "tests/support/random_tensor.h"
#include "tools/command.h"

namespace keel::test {
namespace {

// x -> 3x3 of stride 3 -> 1x1 -> y
std::string convolutions() {
  Random random(3);
  ModelBuilder m(17);
  m.input("x", Sizes{1, 32, 16, 16});
  m.constant("v", random_tensor(random, DataType::Float, {48, 32, 3, 3}));
  m.constant("w", random_tensor(random, DataType::Float, {16, 48, 1, 1}));
  m.node("Conv", {"x", "v"}, {"c"}, {{"strides", Ints{3, 3}}});
  m.node("Conv", {"c", "w"}, {"y"});
  return m.output("y").onnx();
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What the command writes to -o, to --trace and to --html.
struct Answers {
  std::string output, trace, html;
};

Answers profile(const std::string& model, const std::string& format) {
  const TempFolder folder;
  CLI::App app;
  tools::ExitCode exit;
  tools::add_profile(app, exit);
  const std::string out = folder.file("p"), trace = folder.file("t"), html = folder.file("h");
  std::vector<std::string> arguments = {"profile",  folder.write("m.onnx", model),
                                        "--runs",   "2",
                                        "--format", format,
                                        "-q",       "-o",
                                        out,        "--trace",
                                        trace,      "--html",
                                        html};
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return {contents(out), contents(trace), contents(html)};
}

TEST(ProfileCommand, SaysWhyNoFasterKernel) {
  const auto json = nlohmann::json::parse(profile(convolutions(), "json").output);
  EXPECT_EQ(json["schema"], "keel.profile/1");
  std::map<std::string, nlohmann::json> convs;
  double share = 0, before = 1e300;
  for (const auto& node : json["nodes"]) {
    share += node["share"].get<double>();
    EXPECT_LE(node["time_us"], before);
    before = node["time_us"];
    if (node["op"] == "Conv") convs[node["name"]] = node;
  }
  EXPECT_NEAR(share, 1, 1e-6);
  ASSERT_EQ(convs.size(), 2u);
  EXPECT_EQ(convs["c"]["note"], "winograd: stride 3x3");
  EXPECT_EQ(convs["y"]["note"].get<std::string>().substr(0, 17), "strassen: slower ");
  for (auto& [name, node] : convs) {
    EXPECT_EQ(node["kernel"].get<std::string>().substr(0, 6), "direct") << name;
    EXPECT_GT(node["gflops_per_s"], 0) << name;
    EXPECT_GT(node["peak_fraction"], 0) << name;
  }
  EXPECT_GE(json["ops"][0]["share"], json["ops"].back()["share"]);
}

TEST(ProfileCommand, AsText) {
  const std::string text = profile(convolutions(), "text").output;
  EXPECT_NE(text.find("[winograd: stride 3x3]"), std::string::npos) << text;
}

// Every node once, in the order of the run, without gaps.
TEST(ProfileCommand, TraceIsATimeline) {
  const Answers answers = profile(convolutions(), "json");
  const auto profile = nlohmann::json::parse(answers.output);
  const auto trace = nlohmann::json::parse(answers.trace);
  double end = 0;
  std::vector<std::string> names;
  for (const auto& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    EXPECT_DOUBLE_EQ(event["ts"], end);
    end += event["dur"].get<double>();
    names.push_back(event["name"]);
    if (event["cat"] == "Conv") {
      EXPECT_FALSE(event["args"]["kernel"].get<std::string>().empty());
    }
  }
  EXPECT_EQ(names.size(), profile["nodes"].size());
  EXPECT_NEAR(end, profile["total_us"].get<double>(), 1e-6 * end);
  EXPECT_LT(std::find(names.begin(), names.end(), "c"), std::find(names.begin(), names.end(), "y"));
}

// Names come from the model: they are text on the page, never markup.
TEST(ProfileCommand, HtmlIsOnePage) {
  ModelBuilder m(17);
  m.input("x", Sizes{4}).node("Relu", {"x"}, {"<script>&\"y"}).output("<script>&\"y");
  const std::string html = profile(m.onnx(), "text").html;
  EXPECT_EQ(html.substr(0, 15), "<!DOCTYPE html>");
  EXPECT_NE(html.find("&lt;script&gt;&amp;&quot;y"), std::string::npos) << html;
  EXPECT_EQ(html.find("<script>&"), std::string::npos);
  for (const char* other : {"http:", "https:", "src=", "<link"})
    EXPECT_EQ(html.find(other), std::string::npos) << other;
}

}  // namespace
}  // namespace keel::test
