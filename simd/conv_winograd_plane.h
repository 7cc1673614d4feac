// Winograd's tiles on the planes of a tensor: which inputs each reads, which outputs each gives.
// Those of a plain input are its phases.
#pragma once

#include <cstdint>

#include "simd/conv_algorithm.h"
#include "simd/conv_phases.h"
#include "simd/winograd.h"

namespace keel::simd {

// The convolution as the tiles see it.
struct WinogradView {
  explicit WinogradView(const ConvShape& s)
      : phased(s.plain_input),
        channels(phased ? kPhases * s.c : s.c),
        stride(phased ? 1 : s.stride[1]),
        taps(phased ? ceil_div(s.kernel[1], 2) : s.kernel[1]) {}
  bool phased;
  std::int64_t channels, stride, taps;
};

class WinogradPlane {
 public:
  WinogradPlane(const ConvShape& shape, const KernelTable& kernels, int m);

  // Tiles [begin, end) of all images.
  struct Tiles {
    std::int64_t begin, end;
  };
  // Block i of `blocks` that are as equal as can be, of the tiles behind the first `done` rows.
  Tiles block(std::int64_t i, std::int64_t blocks, std::int64_t done = 0) const {
    const std::int64_t first = done / form_.m * columns_, count = count_ - first;
    return {first + i * count / blocks, first + (i + 1) * count / blocks};
  }

  int index() const { return index_; }  // of the form in kWinogradForms
  const WinogradForm& form() const { return form_; }
  std::int64_t points() const { return form_.side * form_.side; }
  std::int64_t count() const { return count_; }  // tiles of all images
  bool phased() const { return view_.phased; }
  std::int64_t channels() const { return view_.channels; }
  double flops() const;
  // Weights of 16 features from k on and some channels: [channel][tap][16], zeros behind the last.
  void gather_weights(const float* W, std::int64_t k, std::int64_t c, std::int64_t channels,
                      float* lanes) const;
  std::string name() const;  // "4x4"; "3x3 of phases"

  // One channel block of args.x: V [point][tile][16], points v_point floats apart.
  void transform(Tiles tiles, std::int64_t c_block, const ConvArgs& args, float* V,
                 std::int64_t v_point) const;
  // y = act(A^T M A + bias + residual), one channel block of M [point][tile][16].
  void leave(Tiles tiles, std::int64_t k_block, const float* M, std::int64_t m_point,
             const ConvArgs& args) const;

 private:
  void transform_phases(Tiles tiles, const ConvArgs& args, float* V, std::int64_t v_point) const;

  ConvShape shape_;
  WinogradView view_;
  const WinogradKernels& kernels_;
  const LayoutKernels& layout_;
  int index_;
  WinogradForm form_;
  std::int64_t rows_, columns_, count_;  // of tiles: a plane's rows and columns, all
};

}  // namespace keel::simd
