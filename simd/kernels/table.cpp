// The kernel table of one instruction set, gathered from the kernel sources beside this one.
#include "simd/kernel_table.h"

#define KEEL_STRING(x) #x
#define KEEL_NAME(x) KEEL_STRING(x)

namespace keel::simd::KEEL_TARGET {

#define KEEL_FAMILY(Type, name) extern const Type name##_kernels;
#include "simd/families.inc"
#undef KEEL_FAMILY

extern const KernelTable kernel_table;
const KernelTable kernel_table = {
    KEEL_NAME(KEEL_TARGET),
#define KEEL_FAMILY(Type, name) &name##_kernels,
#include "simd/families.inc"
#undef KEEL_FAMILY
};

}  // namespace keel::simd::KEEL_TARGET
