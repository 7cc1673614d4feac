// Which instruction sets this CPU has, and which one a model runs on.
#pragma once

#include <vector>

#include "simd/kernel_table.h"

namespace keel::simd {

// The tables of the instruction sets that both this build and this CPU (and its operating system)
// have, best first. Never empty: the last one is "scalar".
const std::vector<const KernelTable*>& available();

// The table named `isa`; for null, "" or "auto" the one that the environment variable KEEL_ISA
// names, else the best. Throws std::invalid_argument, listing what exists, for a name that is
// unknown or that this CPU lacks; KEEL_ISA is held to the same.
const KernelTable& select(const char* isa = nullptr);

}  // namespace keel::simd
