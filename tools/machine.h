// What this machine can do, measured when asked, and what this process took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simd/dispatch.h"

namespace keel::tools {

// Fused multiply-adds out of registers on `threads` threads at once, in GFLOP/s (2 FLOPs each).
double measured_peak(const simd::KernelTable& kernels, int threads);
// Products of bfloat16 with operands in L1, likewise; the kernels have a unit for them.
double measured_bf16_peak(const simd::KernelTable& kernels, int threads);

// GB/s of floats moved by `threads` threads at once, each in `bytes` of memory of its own. Counted
// as STREAM does: a copy moves two streams, a triad three; what a store reads first is not counted.
struct Bandwidth {
  double read, copy, triad;
};
Bandwidth measured_bandwidth(const simd::KernelTable& kernels, int threads, std::int64_t bytes);

// A data cache of CPU 0, from sysfs; none where that says nothing.
struct Cache {
  int level;
  std::int64_t bytes;
  int shared_by;  // CPUs
};
std::vector<Cache> data_caches();

double peak_rss_mb();
std::string cpu_name();

}  // namespace keel::tools
