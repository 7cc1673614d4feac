// What every kernel sees: macros and the vector types of the instruction set being compiled.
//
// A kernel source, simd/kernels/<family>.cpp, is compiled once per row of targets.cmake and holds
//
//   #include "simd/<family>.h"
//   #include "simd/kernel.h"
//   namespace keel::simd::KEEL_TARGET {
//   namespace { … functions written against Vec … }
//   extern const <Family>Kernels <family>_kernels;
//   const <Family>Kernels <family>_kernels = {…};
//   }  // namespace keel::simd::KEEL_TARGET
//
// Rules. Raw pointers and sizes in; no allocation, exceptions, containers, threads. Nothing of the
// standard library, and every function KEEL_INLINE or in an unnamed namespace: an inline function
// that stays out of line becomes a weak symbol, of which the linker keeps one for all instruction
// sets (tests/simd/weak_symbols_test.cmake). Products and sums are not contracted: write fma().
#pragma once

#include <cstddef>
#include <cstdint>

#define KEEL_INLINE __attribute__((always_inline)) static inline
#define KEEL_INLINE_METHOD __attribute__((always_inline)) inline
#define KEEL_NOINLINE __attribute__((noinline))

// Before a loop with a constant trip count: unroll it whole, so that arrays of Vec indexed by its
// counter live in registers.
#if defined(__clang__)
#define KEEL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define KEEL_UNROLL _Pragma("GCC unroll 64")
#endif

// One 64-byte line into L1, into L2. Any address is allowed.
#define KEEL_PREFETCH_L1(pointer) __builtin_prefetch((pointer), 0, 3)
#define KEEL_PREFETCH_L2(pointer) __builtin_prefetch((pointer), 0, 2)

#if defined(KEEL_ARCH)
#include "simd/vec_xsimd.h"
#else
#include "simd/vec_scalar.h"
#endif
#include "simd/vec_common.h"
