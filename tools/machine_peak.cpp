// Peaks of this machine, measured with the kernels of simd/peak.h.
#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "simd/bf16.h"
#include "simd/kernel_table.h"
#include "simd/peak.h"
#include "tools/machine.h"

namespace keel::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Work = std::function<void(int thread)>;

// Seconds that `work` takes on all threads at once.
double seconds_of(int threads, const Work& work) {
  std::vector<std::thread> workers;
  const auto begin = Clock::now();
  for (int i = 1; i < threads; ++i) workers.emplace_back(work, i);
  work(0);
  for (std::thread& worker : workers) worker.join();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The best of a few, since noise only slows.
double best_seconds(int threads, const Work& work) {
  constexpr int kRepeats = 5;
  double best = seconds_of(threads, work);
  for (int i = 1; i < kRepeats; ++i) best = std::min(best, seconds_of(threads, work));
  return best;
}

// Passes of `amount` bytes or operations on each thread, in 1e9 a second; so many of them that
// starting a thread does not show.
template <typename Pass>
double rate(int threads, double amount, const Pass& pass) {
  constexpr double kLeastSeconds = 10e-3;
  std::int64_t passes = 1;
  const auto all = [&](int thread) {
    for (std::int64_t i = 0; i < passes; ++i) pass(thread);
  };
  while (seconds_of(1, all) < kLeastSeconds) passes *= 2;
  const double all_of_it = amount * static_cast<double>(passes) * threads;
  return all_of_it / best_seconds(threads, all) * 1e-9;
}

}  // namespace

double measured_peak(const simd::KernelTable& kernels, int threads) {
  constexpr std::int64_t kRounds = 2'000'000;  // long enough that starting a thread does not show
  const double seconds = best_seconds(threads, [&](int) { kernels.peak->multiply_add(kRounds); });
  return static_cast<double>(kRounds) * kernels.peak->flops_per_round * threads / seconds * 1e-9;
}

double measured_bf16_peak(const simd::KernelTable& kernels, int threads) {
  constexpr std::int64_t kTaps = 8, kTiles = 16;
  struct alignas(64) Memory {
    std::uint16_t x[simd::kBf16Positions * simd::kBf16Channels];
    std::uint16_t w[kTaps * simd::kBf16Panel * simd::kBf16OutputBlock];
    float y[simd::kBf16Panel * simd::kBf16Positions * 16];
  };
  const simd::Bf16Kernels& unit = *kernels.bf16;
  const std::ptrdiff_t taps[kTaps] = {};
  const simd::Bf16Run run = {0, unit.pixels, 0};
  const auto one = [](std::uint16_t& value) { value = 0x3f80; };  // 1.0
  std::vector<Memory> memory(static_cast<std::size_t>(threads));
  for (Memory& m : memory) {
    std::for_each(std::begin(m.x), std::end(m.x), one);
    std::for_each(std::begin(m.w), std::end(m.w), one);
  }
  const double flops =
      2.0 * kTiles * kTaps * simd::kBf16Channels * simd::kBf16Panel * 16 * unit.pixels;
  return rate(threads, flops, [&](int thread) {
    Memory& m = memory[static_cast<std::size_t>(thread)];
    simd::Bf16TileArgs a = {};
    a.x = a.ahead = m.x;
    a.blocks = 1, a.last_pairs = simd::kBf16Channels / 2;
    a.taps = taps, a.taps_end = taps + kTaps;
    a.w = m.w;
    a.output_blocks = simd::kBf16Panel;
    a.last_lanes = 16;
    a.pixels = unit.pixels;
    a.runs = &run, a.runs_end = &run + 1;
    a.y = m.y, a.y_pixel = 16, a.y_block = simd::kBf16Positions * 16;
    unit.begin();
    for (int i = 0; i < kTiles; i++) unit.tile(a);
    unit.end();
  });
}

Bandwidth measured_bandwidth(const simd::KernelTable& kernels, int threads, std::int64_t bytes) {
  // Two streams, and three, are whole cache lines.
  constexpr std::int64_t kGranule = 6 * 16;
  const std::int64_t floats = bytes / static_cast<std::int64_t>(sizeof(float));
  const std::int64_t n = std::max<std::int64_t>(floats / kGranule, 1) * kGranule;
  const std::int64_t half = n / 2, third = n / 3;
  std::vector<std::vector<float>> memory(static_cast<std::size_t>(threads));
  seconds_of(threads, [&](int t) {  // each thread touches its own pages first
    memory[static_cast<std::size_t>(t)].assign(static_cast<std::size_t>(n), 1.0f);
  });
  const auto of = [&](int thread) { return memory[static_cast<std::size_t>(thread)].data(); };
  const double size = static_cast<double>(n) * sizeof(float);
  const simd::PeakKernels& peak = *kernels.peak;
  return {rate(threads, size, [&](int t) { peak.read(of(t), n); }),
          rate(threads, size, [&](int t) { peak.copy(of(t), of(t) + half, half); }),
          rate(threads, size,
               [&](int t) { peak.triad(of(t), of(t) + third, of(t) + 2 * third, 0.5f, third); })};
}

}  // namespace keel::tools
