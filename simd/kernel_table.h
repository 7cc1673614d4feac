// The families of kernels, and the table through which one instruction set offers them.
#pragma once

// Adding a family: one line here, simd/<name>.h with struct <Type>, simd/kernels/<name>.cpp that
// defines `extern const <Type> <name>_kernels`.
#define KEEL_SIMD_FAMILIES(FAMILY) \
  FAMILY(LayoutKernels, layout)    \
  FAMILY(ConvTileKernels, conv_tile)

namespace keel::simd {

#define KEEL_FAMILY(Type, name) struct Type;
KEEL_SIMD_FAMILIES(KEEL_FAMILY)
#undef KEEL_FAMILY

// One constant table per instruction set: table.layout->to_blocked(…).
struct KernelTable {
  const char* isa;  // the name in targets.cmake
#define KEEL_FAMILY(Type, name) const Type* name;
  KEEL_SIMD_FAMILIES(KEEL_FAMILY)
#undef KEEL_FAMILY
};

}  // namespace keel::simd
