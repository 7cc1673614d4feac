// ONNX's backend suite on Keel, on every instruction set, and on the oracle.
//
// The suite is taken from Debian's libonnx-testdata and, where KEEL_ONNX_TESTDATA names a folder,
// from there too. expected.txt lists the cases that pass: one that fails fails the test, and so
// does a folder with fewer cases than it should have. Passes that are not listed are printed; to
// list them, run keel_conformance ROOT --passes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "tests/conformance/proto.h"
#include "tests/conformance/run_case.h"
#include "tests/support/operator_check.h"

namespace keel::conformance {
namespace {

const char* const kDebianData = "/usr/share/libonnx-testdata/data";

struct Suite {
  std::string name, root;
  std::map<std::string, std::size_t> least;  // cases by category
};

// Debian 12 has the suite of ONNX 1.12; newer ones have at least what 1.21 has. An empty root: not
// given.
std::vector<Suite> suites() {
  const char* given = std::getenv("KEEL_ONNX_TESTDATA");
  return {{"Debian",
           kDebianData,
           {{"node", 932}, {"simple", 23}, {"pytorch-converted", 82}, {"pytorch-operator", 35}}},
          {"Given",
           given == nullptr ? "" : given,
           {{"node", 1802},
            {"simple", 23},
            {"pytorch-converted", 82},
            {"pytorch-operator", 35},
            {"light", 9}}}};
}

// "node/test_abs", or "Debian node/test_abs" for a case that only passes in the form this suite
// has; "#" begins a comment.
std::set<std::string> expected_of(const Suite& suite) {
  std::ifstream file(std::string(KEEL_SOURCE_DIR) + "/tests/conformance/expected.txt");
  std::set<std::string> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos)
      out.insert(line);
    else if (line.substr(0, space) == suite.name)
      out.insert(line.substr(space + 1));
  }
  EXPECT_GT(out.size(), 1000u) << "expected.txt is nearly empty";
  return out;
}

std::vector<Case> cases_of(const Suite& suite) {
  std::vector<Case> out = find_cases(suite.root);
  std::map<std::string, std::size_t> found;
  for (const Case& c : out) ++found[c.category];
  for (const auto& [category, least] : suite.least)
    EXPECT_GE(found[category], least) << suite.root << "/" << category << " is incomplete";
  return out;
}

// Runs the cases of the category that pass on `engine` by expectation, lists surprises.
void run_all(const Suite& suite, const Engine& engine,
             const std::function<bool(const Case&)>& wanted) {
  const std::set<std::string> expected = expected_of(suite);
  std::size_t passed = 0;
  for (const Case& c : cases_of(suite)) {
    if (!wanted(c)) continue;
    const Outcome outcome = run_case(c, engine);
    const bool pass = outcome.verdict == Verdict::Pass;
    const bool listed = expected.count(c.id()) != 0;
    passed += pass;
    EXPECT_TRUE(pass || !listed) << c.id() << ": " << outcome.message;
    if (pass && !listed) std::cout << "passes, not in expected.txt: " << c.id() << "\n";
  }
  EXPECT_GT(passed, 0u);
}

Suite suite_of(const std::string& name) {
  for (const Suite& suite : suites())
    if (suite.name == name) return suite;
  return {};
}

#define SKIP_UNLESS_GIVEN(suite) \
  if ((suite).root.empty()) GTEST_SKIP() << "KEEL_ONNX_TESTDATA is not set"

class Conformance : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {};

std::string test_name(const ::testing::TestParamInfo<Conformance::ParamType>& info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param);
}

INSTANTIATE_TEST_SUITE_P(Suites, Conformance,
                         ::testing::Combine(::testing::Values("Debian", "Given"),
                                            ::testing::ValuesIn(test::instruction_sets())),
                         test_name);

TEST_P(Conformance, OfKeel) {
  const auto& [name, isa] = GetParam();
  const Suite suite = suite_of(name);
  SKIP_UNLESS_GIVEN(suite);
  Options options;
  options.isa = isa;
  options.threads = 2;
  // Whole networks on the best instruction set only: they take long on the others.
  const bool light = isa == test::instruction_sets().front();
  run_all(suite, keel_engine(options),
          [&](const Case& c) { return light || c.category != "light"; });
}

bool name_ends(const Case& c, const std::string& end) {
  return c.name.size() >= end.size() &&
         c.name.compare(c.name.size() - end.size(), end.size(), end) == 0;
}

// The oracle has fewer operators than Keel; what it has must be right.
class OracleConformance : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Suites, OracleConformance, ::testing::Values("Debian", "Given"));

TEST_P(OracleConformance, OfEveryCaseItSupports) {
  const Suite suite = suite_of(GetParam());
  SKIP_UNLESS_GIVEN(suite);
  std::size_t passed = 0;
  for (const Case& c : cases_of(suite)) {
    if (c.category == "light") continue;
    const Outcome outcome = run_case(c, oracle_engine());
    passed += outcome.verdict == Verdict::Pass;
    // ONNX 1.12 truncated to bfloat16, which newer ones round to.
    const bool truncated =
        name_ends(c, "FLOAT_to_BFLOAT16") || name_ends(c, "FLOAT_to_BFLOAT16_expanded");
    if (suite.name == "Debian" && truncated) continue;
    EXPECT_NE(outcome.verdict, Verdict::Fail) << c.id() << ": " << outcome.message;
  }
  EXPECT_GT(passed, 700u);
}

TEST(ConformanceList, NamesOnlyCasesThatExist) {
  const Suite suite = suite_of("Given");
  SKIP_UNLESS_GIVEN(suite);
  std::set<std::string> known;
  for (const Case& c : cases_of(suite)) known.insert(c.id());
  for (const std::string& id : expected_of(suite)) EXPECT_EQ(known.count(id), 1u) << id;
}

}  // namespace
}  // namespace keel::conformance
