// keel hw as a command: what it says and that what it measures is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/parallel.h"
#include "simd/dispatch.h"
#include "tests/loaders/temp_folder.h"
#include "tools/command.h"

namespace keel::test {
namespace {

std::string hw(const TempFolder& folder, std::vector<std::string> arguments) {
  CLI::App app;
  tools::ExitCode exit;
  tools::add_hw(app, exit);
  const std::string path = folder.file("hw");
  arguments.insert(arguments.begin(), {"hw", "-o", path});
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(HwCommand, MeasuresEveryInstructionSetAndCache) {
  const TempFolder folder;
  const auto json = nlohmann::json::parse(hw(folder, {"--format", "json"}));
  EXPECT_EQ(json["schema"], "keel.hw/1");
  EXPECT_EQ(json["threads"], default_threads());
  const std::size_t settings = default_threads() > 1 ? 2 : 1;
  int chosen = 0;
  for (const auto& isa : json["isa"]) {
    EXPECT_EQ(isa["usable"], !isa.contains("missing"));
    if (!isa["usable"]) continue;
    chosen += isa["chosen"] ? 1 : 0;
    ASSERT_EQ(isa["peaks"].size(), settings);
    for (const auto& peak : isa["peaks"]) {
      EXPECT_GT(peak["gflops_per_s"], 0);
      const std::string name = isa["name"];
      EXPECT_EQ(peak.contains("bf16_gflops_per_s"), name == "amx" || name == "avx512_bf16");
      EXPECT_GT(peak.value("bf16_gflops_per_s", 1.0), 0);
    }
  }
  EXPECT_EQ(chosen, 1);
  EXPECT_EQ(json["bandwidth"].size(), (json["caches"].size() + 1) * settings);
  for (const auto& place : json["bandwidth"])
    for (const char* key : {"read_gb_per_s", "copy_gb_per_s", "triad_gb_per_s"})
      EXPECT_GT(place[key], 0) << place;
}

TEST(HwCommand, DescribesWithoutMeasuring) {
  const TempFolder folder;
  const auto json = nlohmann::json::parse(hw(folder, {"--no-measure", "--format", "json"}));
  EXPECT_FALSE(json.contains("bandwidth"));
  for (const auto& isa : json["isa"]) EXPECT_FALSE(isa.contains("peaks"));
  const std::string text = hw(folder, {"--no-measure"});
  EXPECT_NE(text.find(std::string(simd::available().front()->isa)), std::string::npos) << text;
}

}  // namespace
}  // namespace keel::test
