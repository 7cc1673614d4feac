// The instruction sets of this machine with kernels of their own: what one takes from its base is
// tested there.
#pragma once

#include <vector>

#include "simd/dispatch.h"

namespace keel::test {

inline const std::vector<const simd::KernelTable*>& own_tables() {
  static const std::vector<const simd::KernelTable*> tables = [] {
    std::vector<const simd::KernelTable*> own;
    for (const simd::KernelTable* table : simd::available())
      if (table->base == nullptr) own.push_back(table);
    return own;
  }();
  return tables;
}

}  // namespace keel::test
