// What this machine can do, measured when asked, and what this process took.
#pragma once

#include <string>

#include "simd/dispatch.h"

namespace keel::tools {

// Fused multiply-adds out of registers on `threads` threads at once, in GFLOP/s (2 FLOPs each).
double measured_peak(const simd::KernelTable& kernels, int threads);
double peak_rss_mb();
std::string cpu_name();

}  // namespace keel::tools
