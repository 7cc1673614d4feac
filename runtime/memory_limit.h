// How much memory a model may take.
#pragma once

#include <cstddef>

#include "runtime/keel.h"

namespace keel {

// Options::max_memory, or 80 % of what the cgroup, or else the machine, grants.
std::size_t memory_limit(const Options& options);

}  // namespace keel
