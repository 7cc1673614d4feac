// The kernel table of one instruction set, gathered from the kernel sources beside this one. Where
// it has a base, a family that it does not compile itself is the base's: its own hide those.
#include "simd/kernel_table.h"

#define KEEL_STRING(x) #x
#define KEEL_NAME(x) KEEL_STRING(x)

#if defined(KEEL_BASE)
namespace keel::simd::KEEL_BASE {
#define KEEL_FAMILY(Type, name) extern const Type name##_kernels;
#include "simd/families.inc"
#undef KEEL_FAMILY
extern const KernelTable kernel_table;
}  // namespace keel::simd::KEEL_BASE
#define KEEL_BASE_TABLE &KEEL_BASE::kernel_table
#else
#define KEEL_BASE_TABLE nullptr
#endif

namespace keel::simd::KEEL_TARGET {

#if defined(KEEL_BASE)
using namespace KEEL_BASE;
#endif

#define KEEL_FAMILY(Type, name) extern const Type name##_kernels;
#include KEEL_OWN_FAMILIES
#undef KEEL_FAMILY

extern const KernelTable kernel_table;
const KernelTable kernel_table = {
    KEEL_NAME(KEEL_TARGET),
    KEEL_BASE_TABLE,
#define KEEL_FAMILY(Type, name) &name##_kernels,
#include "simd/families.inc"
#undef KEEL_FAMILY
};

}  // namespace keel::simd::KEEL_TARGET
