// Which instruction sets this CPU has, and which one a model runs on.
#pragma once

#include <string>
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

// One row of targets.cmake as this machine sees it.
struct InstructionSet {
  const char* name;
  const KernelTable* table;  // null where it cannot run here
  std::string missing;       // what it lacks: "CPU: avx512f avx512bw; operating system: amx-tile"
};

// Every row, best first, whether or not it can run here.
const std::vector<InstructionSet>& instruction_sets();

}  // namespace keel::simd
