// The flags that every subcommand understands in the same way, and what they amount to.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runtime/keel.h"

namespace keel::tools {

struct EngineFlags {
  std::string threads = "auto", isa = "auto", opt = "full", precision = "fp32";
  std::string max_memory, timeout, external_root;
  std::vector<std::string> dims;  // N=4
  std::string format = "text";
  bool quiet = false, verbose = false;

  void add_to(CLI::App& command);
  // Throws Error(Usage) for values out of range.
  Options options() const;
  double timeout_seconds() const;  // 0: none
};

// "512M" -> bytes; K, M, G are powers of 1024. Throws Error(Usage).
std::size_t parse_bytes(const std::string& text);
// "30s", "500ms", "2m", "5" -> seconds. Throws Error(Usage).
double parse_seconds(const std::string& text);
// "NAME=VALUE" at the first '='. Throws Error(Usage).
std::pair<std::string, std::string> parse_assignment(const std::string& text, const char* flag);
// A whole decimal number. Throws Error(Usage) naming the flag.
std::int64_t parse_integer(const std::string& text, const char* flag);

}  // namespace keel::tools
