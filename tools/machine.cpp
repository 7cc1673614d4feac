#include "tools/machine.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include "simd/kernel_table.h"
#include "simd/peak.h"

namespace keel::tools {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const simd::KernelTable& kernels, int threads, std::int64_t rounds) {
  std::vector<std::thread> workers;
  const auto begin = Clock::now();
  for (int i = 1; i < threads; ++i)
    workers.emplace_back([&] { kernels.peak->multiply_add(rounds); });
  kernels.peak->multiply_add(rounds);
  for (std::thread& worker : workers) worker.join();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

double measured_peak(const simd::KernelTable& kernels, int threads) {
  // Long enough that starting a thread does not show; the best of a few, since noise only slows.
  constexpr std::int64_t kRounds = 2'000'000;
  constexpr int kRepeats = 5;
  double best = seconds_of(kernels, threads, kRounds);
  for (int i = 1; i < kRepeats; ++i) best = std::min(best, seconds_of(kernels, threads, kRounds));
  const double flops = static_cast<double>(kRounds) * kernels.peak->flops_per_round * threads;
  return flops / best * 1e-9;
}

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace keel::tools
