// Rules that keep the library a good guest and its parts apart, checked on the sources.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace keel::test {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = KEEL_SOURCE_DIR;

struct Source {
  std::string path;  // from the root: "runtime/graph.cpp"
  std::string code;  // without comments and string literals
  std::string text;
};

// Where the comment or the quoted text that begins at `i` ends.
std::size_t skipped(const std::string& text, std::size_t i) {
  if (text.compare(i, 2, "//") == 0) return std::min(text.find('\n', i), text.size());
  if (text.compare(i, 2, "/*") == 0) return std::min(text.find("*/", i + 2), text.size() - 2) + 2;
  const char quote = text[i++];
  for (; i < text.size() && text[i] != quote && text[i] != '\n'; ++i) i += text[i] == '\\';
  return std::min(i + 1, text.size());
}

// Comments and what stands between quotes may say anything; includes are kept.
std::string code_of(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool comment = text.compare(i, 2, "//") == 0 || text.compare(i, 2, "/*") == 0;
    const bool digit_separator = text[i] == '\'' && i > 0 && std::isxdigit(text[i - 1]);
    if (text.compare(i, 9, "#include ") == 0) {
      const std::size_t end = std::min(text.find('\n', i), text.size());
      out += text.substr(i, end - i);
      i = end;
    } else if (comment || text[i] == '"' || (text[i] == '\'' && !digit_separator)) {
      i = skipped(text, i);
      out += ' ';
    } else {
      out += text[i++];
    }
  }
  return out;
}

std::vector<Source> sources(const std::string& folder) {
  std::vector<Source> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    const std::string extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".h") continue;
    std::ifstream file(entry.path());
    std::ostringstream text;
    text << file.rdbuf();
    out.push_back({fs::relative(entry.path(), kRoot), code_of(text.str()), text.str()});
  }
  EXPECT_GT(out.size(), 5u) << folder << " has next to nothing in it";
  return out;
}

std::vector<Source> library() {
  std::vector<Source> out;
  for (const char* folder : {"simd", "runtime", "loaders"})
    for (Source& source : sources(folder)) out.push_back(std::move(source));
  return out;
}

void expect_none(const std::vector<Source>& where, const std::string& pattern,
                 const std::vector<std::string>& except, const std::string& why) {
  const std::regex regex(pattern);
  for (const Source& source : where) {
    bool excepted = false;
    for (const std::string& prefix : except) excepted |= source.path.rfind(prefix, 0) == 0;
    std::smatch match;
    if (!excepted && std::regex_search(source.code, match, regex))
      ADD_FAILURE() << source.path << ": '" << match.str() << "': " << why;
  }
}

TEST(HouseRules, TheCheckSeesWhatItLooksFor) {
  const std::string code = code_of(
      "#include <cstdio>\nint x; // printf(1)\nauto s = \"abort()\";\n"
      "/* exit(1) */ int n = 1'000; char c = '\"'; puts(s);\n");
  EXPECT_NE(code.find("<cstdio>"), std::string::npos);
  EXPECT_NE(code.find("puts(s)"), std::string::npos);
  for (const char* gone : {"printf", "abort", "exit"})
    EXPECT_EQ(code.find(gone), std::string::npos) << gone;
}

TEST(HouseRules, TheLibraryPrintsNothing) {
  expect_none(library(), R"(\b(cout|cerr|clog|f?printf|f?puts|f?putc|putchar|perror|syslog)\b)", {},
              "the library prints nothing");
}

TEST(HouseRules, TheLibraryNeverEndsTheProcess) {
  expect_none(library(), R"(\b(abort|_?exit|quick_exit|terminate|raise|__builtin_trap)\s*\()", {},
              "the library never ends the process");
}

TEST(HouseRules, OnlyParallelNamesTbb) {
  // keel.h declares the arena that an application may hand in.
  expect_none(library(), R"(\btbb::|<tbb/|<oneapi/)", {"runtime/parallel.", "runtime/keel.h"},
              "threads belong to runtime/parallel");
}

TEST(HouseRules, OnlyLoadersKnowProtobuf) {
  const std::string pattern = R"(\bgoogle::|\bonnx::|<google/protobuf|onnx\.pb\.h|[<"]onnx/)";
  for (const char* folder : {"simd", "runtime", "tools"})
    if (fs::exists(kRoot / folder))
      expect_none(sources(folder), pattern, {}, "protobuf types never leave loaders/");
}

TEST(HouseRules, DependenciesPointOneWay) {
  // tools -> loaders -> runtime -> simd
  expect_none(sources("simd"), R"re(#include "(runtime|loaders|tools|tests)/)re", {},
              "simd depends on nothing");
  expect_none(sources("runtime"), R"re(#include "(loaders|tools|tests)/)re", {},
              "runtime depends on simd only");
  expect_none(sources("loaders"), R"re(#include "(tools|tests)/)re", {},
              "loaders depend on runtime and simd only");
  expect_none(sources("tools"), R"re(#include "tests/)re", {}, "nothing depends on tests");
}

TEST(HouseRules, NothingIsLeftUndone) {
  for (const char* folder : {"simd", "runtime", "loaders", "tools"})
    for (const Source& source : sources(folder))
      for (const char* mark : {"TODO", "FIXME", "XXX", "HACK", "#if 0"})
        EXPECT_EQ(source.text.find(mark), std::string::npos) << source.path << ": " << mark;
}

TEST(HouseRules, NoFastMath) {
  std::ifstream top(kRoot / "CMakeLists.txt"), simd(kRoot / "simd/targets.cmake");
  std::stringstream text;
  text << top.rdbuf() << simd.rdbuf();
  // Its start-up object changes the host's floating-point mode.
  EXPECT_EQ(text.str().find("-ffast-math"), std::string::npos);
  EXPECT_EQ(text.str().find("-Ofast"), std::string::npos);
}

}  // namespace
}  // namespace keel::test
