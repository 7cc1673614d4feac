// Moving float tensors between Plain and Blocked16, for kernels that want the other layout.
#pragma once

#include "runtime/op.h"

namespace keel {

// x plain -> y blocked, both with logical sizes dims, rank >= 3.
void to_blocked(Parallel& parallel, const simd::KernelTable& kernels, const Shape& dims,
                const float* x, float* y);
// x blocked -> y plain.
void from_blocked(Parallel& parallel, const simd::KernelTable& kernels, const Shape& dims,
                  const float* x, float* y);

// A kernel for tensors in any layout from a `prepare` that knows only plain ones: blocked inputs
// and outputs are reordered through shared scratch. Costs nothing where all are plain.
Kernel prepare_in_plain(const PrepareContext& context, Kernel (*prepare)(const PrepareContext&));

// Bytes rounded up to whole cache lines: the unit in which scratch is cut up.
constexpr std::size_t align64(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace keel
