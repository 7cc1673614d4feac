// The parts of the .npy format that .npz shares.
#pragma once

#include <cstdint>
#include <functional>

#include "runtime/keel.h"

namespace keel::files {

// Reads exactly that many bytes, or throws.
using ReadExactly = std::function<void(void*, std::size_t)>;

// `size`: bytes that `read` can give in all.
Tensor parse_npy(const ReadExactly& read, std::uint64_t size);

}  // namespace keel::files
