// keel bench --serve: lines in, lines of JSON out.
#include "tools/bench_serve.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "loaders/files/tensor_file.h"
#include "tests/loaders/temp_folder.h"
#include "tests/support/model_builder.h"

namespace keel::test {
namespace {

TEST(BenchServe, AnswersEveryLine) {
  const TempFolder folder;
  ModelBuilder m(17);
  m.input("x", Sizes{2, 3}).node("Abs", {"x"}, {"y"}).output("y", DataType::Float);
  tools::BenchFlags flags;
  flags.model = folder.write("m.onnx", m.onnx());
  const std::string saved = folder.file("with a space.npz");
  std::istringstream in("run 1 3\nsave " + saved + "\nrun 1\nwalk\n");
  std::ostringstream out;
  tools::serve(flags, in, out);

  std::istringstream answers(out.str());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(answers, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 5u) << out.str();
  EXPECT_EQ(lines[0]["schema"], "keel.serve/1");
  for (const char* key : {"load_ms", "first_run_ms", "rss_before_load_mb"})
    EXPECT_GT(lines[0][key], 0) << key;
  EXPECT_GE(lines[0]["peak_rss_mb"], lines[0]["rss_before_load_mb"]);
  EXPECT_EQ(lines[1]["ms"].size(), 3u);
  EXPECT_EQ(lines[2]["saved"], saved);
  EXPECT_TRUE(lines[3].contains("error"));
  EXPECT_TRUE(lines[4].contains("error"));
  EXPECT_EQ(read_tensor_file(saved).shape(), (Shape{2, 3}));
}

}  // namespace
}  // namespace keel::test
