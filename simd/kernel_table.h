// The table through which one instruction set offers its kernels; families.inc lists the families.
#pragma once

namespace keel::simd {

#define KEEL_FAMILY(Type, name) struct Type;
#include "simd/families.inc"
#undef KEEL_FAMILY

// One constant table per instruction set: table.layout->to_blocked(…).
struct KernelTable {
  const char* isa;          // the name in targets.cmake
  const KernelTable* base;  // whose kernels this one has but for a few families; null: all its own
#define KEEL_FAMILY(Type, name) const Type* name;
#include "simd/families.inc"
#undef KEEL_FAMILY
};

}  // namespace keel::simd
