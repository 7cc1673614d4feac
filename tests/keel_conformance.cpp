// keel_conformance ROOT [filter] [--oracle] [--isa NAME] [--threads N] [--passes]
//
// Runs the cases of an ONNX backend test folder whose id (category/name) contains the filter and
// prints the failures grouped by operator; with --passes the ids that pass instead.
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/conformance/run_case.h"

namespace {

using namespace keel;
using namespace keel::conformance;

struct Arguments {
  std::string root, filter;
  bool oracle = false, passes = false;
  Options options;
};

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--oracle")
      out.oracle = true;
    else if (argument == "--passes")
      out.passes = true;
    else if (argument == "--isa" && i + 1 < argc)
      out.options.isa = argv[++i];
    else if (argument == "--threads" && i + 1 < argc)
      out.options.threads = std::stoi(argv[++i]);
    else if (out.root.empty())
      out.root = argument;
    else if (out.filter.empty())
      out.filter = argument;
    else
      return false;
  }
  return !out.root.empty();
}

struct Counts {
  int pass = 0, fail = 0, unsupported = 0, out_of_scope = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::cerr << "usage: keel_conformance ROOT [filter] [--oracle] [--isa NAME] [--threads N] "
                 "[--passes]\n";
    return 2;
  }
  const Engine engine = arguments.oracle ? oracle_engine() : keel_engine(arguments.options);
  std::map<std::string, Counts> counts;
  std::map<std::string, std::vector<std::string>> failures;  // by operator
  for (const Case& c : find_cases(arguments.root)) {
    if (c.id().find(arguments.filter) == std::string::npos) continue;
    const Outcome outcome = run_case(c, engine);
    Counts& count = counts[c.category];
    switch (outcome.verdict) {
      case Verdict::Pass:
        ++count.pass;
        if (arguments.passes) std::cout << c.id() << "\n";
        break;
      case Verdict::OutOfScope:
        ++count.out_of_scope;
        break;
      case Verdict::Fail:
      case Verdict::Unsupported:
        ++(outcome.verdict == Verdict::Fail ? count.fail : count.unsupported);
        failures[outcome.op].push_back(c.id() + ": " + outcome.message);
        break;
    }
  }
  if (arguments.passes) return 0;
  for (const auto& [op, lines] : failures) {
    std::cout << op << " (" << lines.size() << ")\n";
    for (const std::string& line : lines) std::cout << "  " << line << "\n";
  }
  int failed = 0;
  for (const auto& [category, count] : counts) {
    std::printf("%-18s %5d pass %5d wrong %5d unsupported %5d out of scope\n", category.c_str(),
                count.pass, count.fail, count.unsupported, count.out_of_scope);
    failed += count.fail + count.unsupported;
  }
  return failed == 0 && !counts.empty() ? 0 : 1;
}
