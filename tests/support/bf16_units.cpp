#include "tests/support/bf16_units.h"

#include "simd/bf16.h"

namespace keel::simd::amx_emulated {
extern const Bf16Kernels bf16_kernels;
}

namespace keel::simd::test {

const std::vector<const KernelTable*>& bf16_units() {
  static KernelTable emulated = *isas().front();
  static const std::vector<const KernelTable*> tables = [] {
    std::vector<const KernelTable*> all;
    for (const KernelTable* table : available())
      if (table->bf16->unit != nullptr) all.push_back(table);
    emulated.isa = "emulated amx";
    emulated.bf16 = &amx_emulated::bf16_kernels;
    all.push_back(&emulated);
    return all;
  }();
  return tables;
}

ConvShape conv(std::int64_t c, std::int64_t k, std::vector<std::int64_t> in,
               std::vector<std::int64_t> kernel, std::int64_t stride, std::int64_t dilation,
               std::int64_t pad, std::int64_t n, std::int64_t group) {
  ConvShape s;
  s.n = n, s.c = c, s.k = k, s.group = group;
  s.rank = static_cast<int>(in.size());
  for (int a = 0; a < s.rank; a++) {
    s.in[a] = in[a], s.kernel[a] = kernel[a];
    s.stride[a] = stride, s.dilation[a] = dilation, s.pad[a] = pad;
    s.out[a] = (in[a] + 2 * pad - (kernel[a] - 1) * dilation - 1) / stride + 1;
  }
  return s;
}

}  // namespace keel::simd::test
