#include "tools/engine_flags.h"

#include <charconv>
#include <cmath>

#include "runtime/error.h"

namespace keel::tools {
namespace {

[[noreturn]] void fail(const std::string& flag, const std::string& expected,
                       const std::string& got) {
  throw Error(ErrorCode::Usage, flag + ": expected " + expected + ", got '" + printable(got) + "'");
}

// A number and the unit behind it.
std::pair<double, std::string> number_and_unit(const std::string& text, const char* flag,
                                               const char* expected) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || value < 0 || !std::isfinite(value)) fail(flag, expected, text);
  return {value, std::string(rest, end)};
}

}  // namespace

std::size_t parse_bytes(const std::string& text) {
  const char* expected = "a size such as 512M";
  const auto [value, unit] = number_and_unit(text, "--max-memory", expected);
  double scale = 0;
  if (unit.empty() || unit == "B") scale = 1;
  if (unit == "K") scale = 1024.0;
  if (unit == "M") scale = 1024.0 * 1024;
  if (unit == "G") scale = 1024.0 * 1024 * 1024;
  if (scale == 0 || value * scale < 1 || value * scale > 9e18) fail("--max-memory", expected, text);
  return static_cast<std::size_t>(value * scale);
}

double parse_seconds(const std::string& text) {
  const char* expected = "a time such as 30s or 500ms";
  const auto [value, unit] = number_and_unit(text, "time", expected);
  if (unit.empty() || unit == "s") return value;
  if (unit == "ms") return value / 1000;
  if (unit == "m") return value * 60;
  fail("time", expected, text);
}

std::pair<std::string, std::string> parse_assignment(const std::string& text, const char* flag) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0) fail(flag, "NAME=VALUE", text);
  return {text.substr(0, at), text.substr(at + 1)};
}

std::int64_t parse_integer(const std::string& text, const char* flag) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || text.empty()) fail(flag, "a whole number", text);
  return value;
}

void EngineFlags::add_to(CLI::App& command) {
  command.add_option("--threads", threads, "Threads to run on, or auto")->capture_default_str();
  command.add_option("--isa", isa, "auto, amx, avx512_bf16, avx512, avx2, sse4, scalar")
      ->capture_default_str();
  command.add_option("--opt", opt, "Graph optimisation")
      ->check(CLI::IsMember({"none", "basic", "full"}))
      ->capture_default_str();
  command
      .add_option("--precision", precision,
                  "Promise about results; bf16: operands rounded to bfloat16")
      ->check(CLI::IsMember({"fp32", "strict", "bf16"}))
      ->capture_default_str();
  command.add_option("--max-memory", max_memory, "Refuse runs that take more, such as 512M");
  command.add_option("--timeout", timeout, "Give up after this time, such as 30s");
  command.add_option("--external-root", external_root, "Folder of external tensor data");
  command.add_option("--dim", dims, "Value of a symbolic dimension: N=4")->allow_extra_args(false);
  command.add_option("--format", format, "Form of the answer")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command.add_flag("-q,--quiet", quiet, "Nothing on standard error but errors");
  command.add_flag("-v,--verbose", verbose, "More on standard error");
}

Options EngineFlags::options() const {
  Options options;
  if (threads != "auto") {
    const std::int64_t count = parse_integer(threads, "--threads");
    constexpr std::int64_t kMostThreads = 1024;
    if (count < 1 || count > kMostThreads) fail("--threads", "1 to 1024, or auto", threads);
    options.threads = static_cast<int>(count);
  }
  options.isa = isa;
  options.opt = opt == "none" ? OptLevel::None : opt == "basic" ? OptLevel::Basic : OptLevel::Full;
  options.precision = precision == "strict" ? Precision::Strict
                      : precision == "bf16" ? Precision::Bf16
                                            : Precision::Fp32;
  if (!max_memory.empty()) options.max_memory = parse_bytes(max_memory);
  for (const std::string& dim : dims) {
    const auto [name, value] = parse_assignment(dim, "--dim");
    options.dims[name] = parse_integer(value, "--dim");
    if (options.dims[name] < 0) fail("--dim", "a size of 0 or more", value);
  }
  options.external_root = external_root;
  return options;
}

double EngineFlags::timeout_seconds() const { return timeout.empty() ? 0 : parse_seconds(timeout); }

}  // namespace keel::tools
