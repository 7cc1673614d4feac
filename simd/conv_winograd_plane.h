// Winograd's tiles on the planes of a tensor: which inputs each reads, which outputs each gives.
#pragma once

#include <cstdint>

#include "simd/conv_algorithm.h"
#include "simd/winograd.h"

namespace keel::simd {

class WinogradPlane {
 public:
  WinogradPlane(const ConvShape& shape, const KernelTable& kernels, int m);

  // Tiles [begin, end) of all images.
  struct Tiles {
    std::int64_t begin, end;
  };
  // Block i of `blocks` that are as equal as can be.
  Tiles block(std::int64_t i, std::int64_t blocks) const {
    return {i * count_ / blocks, (i + 1) * count_ / blocks};
  }

  int index() const { return index_; }  // of the form in kWinogradForms
  const WinogradForm& form() const { return form_; }
  std::int64_t points() const { return form_.side * form_.side; }
  std::int64_t count() const { return count_; }  // tiles of all images
  double flops() const;
  std::string name() const;  // "4x4"

  // One channel block of the tiles: V [point][tile][16], points v_point floats apart.
  void transform(Tiles tiles, std::int64_t c_block, const float* x, float* V,
                 std::int64_t v_point) const;
  // y = act(A^T M A + bias + residual), one channel block of M [point][tile][16].
  void leave(Tiles tiles, std::int64_t k_block, const float* M, std::int64_t m_point,
             const ConvArgs& args) const;

 private:
  ConvShape shape_;
  const WinogradKernels& kernels_;
  int index_;
  WinogradForm form_;
  std::int64_t rows_, columns_, count_;  // of tiles: a plane's rows and columns, all
};

}  // namespace keel::simd
