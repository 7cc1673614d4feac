// The kernels of products of bfloat16 on AMX with its tiles emulated, as an instruction set of its
// own.
#define KEEL_TARGET amx_emulated
#define KEEL_BASE scalar
#define KEEL_AMX_EMULATION "tests/support/amx_emulation.h"
#include "simd/kernels/bf16.cpp"
