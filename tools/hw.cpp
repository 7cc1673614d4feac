// keel hw: the CPU, which instruction sets run on it and why others do not, and measured peaks.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "runtime/error.h"
#include "runtime/parallel.h"
#include "simd/bf16.h"
#include "tools/command.h"
#include "tools/machine.h"
#include "tools/result_stream.h"

namespace keel::tools {
namespace {

struct HwFlags {
  std::string format = "text", output;
  bool no_measure = false;
};

const simd::KernelTable& chosen() {
  try {
    return simd::select();
  } catch (const std::invalid_argument& error) {
    throw Error(ErrorCode::Usage, error.what());
  }
}

// What is measured: one thread, and as many as models run on.
std::vector<int> thread_counts() {
  const int threads = default_threads();
  return threads > 1 ? std::vector<int>{1, threads} : std::vector<int>{1};
}

Json caches() {
  Json list = Json::array();
  for (const Cache& cache : data_caches())
    list.push_back(
        {{"level", cache.level}, {"bytes", cache.bytes}, {"shared_by_cpus", cache.shared_by}});
  return list;
}

// With bf16_gflops_per_s where there is a unit for products of bfloat16.
Json peaks(const simd::KernelTable& kernels) {
  Json list = Json::array();
  for (int threads : thread_counts()) {
    Json peak{{"threads", threads}, {"gflops_per_s", measured_peak(kernels, threads)}};
    if (kernels.bf16->unit != nullptr)
      peak["bf16_gflops_per_s"] = measured_bf16_peak(kernels, threads);
    list.push_back(peak);
  }
  return list;
}

Json instruction_sets(bool measure) {
  Json list = Json::array();
  for (const simd::InstructionSet& set : simd::instruction_sets()) {
    Json entry{{"name", set.name}, {"usable", set.table != nullptr}};
    entry["chosen"] = set.table == &chosen();
    if (set.table == nullptr)
      entry["missing"] = set.missing;
    else if (measure)
      entry["peaks"] = peaks(*set.table);
    list.push_back(entry);
  }
  return list;
}

struct Place {
  std::string name;
  std::int64_t bytes;  // of all threads together where `shared`, else of each
  bool shared;
};

// Sizes that lie well within each cache, and well beyond the last.
std::vector<Place> places() {
  constexpr std::int64_t kLeastMemory = 64 << 20, kMostMemory = 512 << 20;
  std::vector<Place> list;
  std::int64_t largest = 0;
  for (const Cache& cache : data_caches()) {
    largest = std::max(largest, cache.bytes);
    list.push_back({"L" + std::to_string(cache.level), cache.bytes / 2, cache.shared_by > 1});
  }
  list.push_back({"memory", std::clamp(4 * largest, kLeastMemory, kMostMemory), true});
  return list;
}

Json bandwidth() {
  Json list = Json::array();
  for (const Place& place : places())
    for (int threads : thread_counts()) {
      const std::int64_t bytes = place.shared ? place.bytes / threads : place.bytes;
      const Bandwidth b = measured_bandwidth(chosen(), threads, bytes);
      list.push_back({{"level", place.name},
                      {"threads", threads},
                      {"bytes_per_thread", bytes},
                      {"read_gb_per_s", b.read},
                      {"copy_gb_per_s", b.copy},
                      {"triad_gb_per_s", b.triad}});
    }
  return list;
}

Json describe(bool measure) {
  const CpuLimits limits = cpu_limits();
  Json json{{"schema", "keel.hw/1"},
            {"cpu", cpu_name()},
            {"threads", default_threads()},
            {"affinity_cpus", limits.affinity},
            {"cgroup_cpus", limits.cgroup_quota > 0 ? Json(limits.cgroup_quota) : Json()},
            {"caches", caches()},
            {"isa", instruction_sets(measure)}};
  if (measure) json["bandwidth"] = bandwidth();
  return json;
}

std::string cache_text(const Json& cache) {
  const int cpus = cache["shared_by_cpus"].get<int>();
  return fmt::format(" L{} {} KB{}", cache["level"].get<int>(),
                     cache["bytes"].get<std::int64_t>() >> 10,
                     cpus > 1 ? fmt::format(" (for {} CPUs)", cpus) : "");
}

std::string bf16_text(const Json& peak) {
  if (!peak.contains("bf16_gflops_per_s")) return "";
  return fmt::format(", of bfloat16 {:.1f}", peak["bf16_gflops_per_s"].get<double>());
}

std::string isa_text(const Json& set) {
  std::string text = fmt::format("  {:<12}", set["name"].get<std::string>());
  if (!set["usable"].get<bool>()) return text + "no: " + set["missing"].get<std::string>() + "\n";
  text += set["chosen"].get<bool>() ? "chosen" : "yes   ";
  if (set.contains("peaks"))
    for (const Json& peak : set["peaks"])
      text += fmt::format("  {:8.1f} GFLOP/s{} on {}", peak["gflops_per_s"].get<double>(),
                          bf16_text(peak), peak["threads"].get<int>());
  return text + "\n";
}

std::string bandwidth_text(const Json& list) {
  std::string text = fmt::format("bandwidth, GB/s {:>19}{:>9}{:>9}\n", "read", "copy", "triad");
  for (const Json& b : list)
    text += fmt::format("  {:<7} {:>2} x {:>7} KB {:9.1f}{:9.1f}{:9.1f}\n",
                        b["level"].get<std::string>(), b["threads"].get<int>(),
                        b["bytes_per_thread"].get<std::int64_t>() >> 10,
                        b["read_gb_per_s"].get<double>(), b["copy_gb_per_s"].get<double>(),
                        b["triad_gb_per_s"].get<double>());
  return text;
}

std::string as_text(const Json& json) {
  const Json& quota = json["cgroup_cpus"];
  std::string text = fmt::format(
      "{}\nthreads    {} ({} CPUs by affinity, {})\ncaches    ", json["cpu"].get<std::string>(),
      json["threads"].get<int>(), json["affinity_cpus"].get<int>(),
      quota.is_null() ? "no cgroup quota" : fmt::format("cgroup quota {}", quota.get<int>()));
  for (const Json& cache : json["caches"]) text += cache_text(cache);
  text += "\ninstruction sets, multiply-adds from registers\n";
  for (const Json& set : json["isa"]) text += isa_text(set);
  return json.contains("bandwidth") ? text + bandwidth_text(json["bandwidth"]) : text;
}

}  // namespace

void add_hw(CLI::App& app, ExitCode&) {
  auto flags = std::make_shared<HwFlags>();
  CLI::App* command = app.add_subcommand("hw", "Describe and measure this machine");
  command->add_option("--format", flags->format, "Form of the answer")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_flag("--no-measure", flags->no_measure, "Describe only");
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags] {
    const Json json = describe(!flags->no_measure);
    if (flags->format == "json")
      write_json(flags->output, json);
    else
      write_text(flags->output, as_text(json));
  });
}

}  // namespace keel::tools
