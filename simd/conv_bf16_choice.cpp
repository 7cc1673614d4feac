// Whether products of bfloat16 are worth it. Costs are in steps of the tile kernel of floats (16
// products of a pixel and a channel), as in conv_winograd_choice.cpp.
#include "simd/bf16.h"
#include "simd/conv_algorithm.h"
#include "simd/kernel_table.h"
#include "simd/winograd.h"

namespace keel::simd {
namespace {

// Of 64 bytes of weights from memory.
constexpr double kLine = 6.4;

// What keeps the units from computing this convolution.
std::string obstacle(const ConvShape& s) {
  if (s.transposed) return "transposed";
  if (s.plain_input) return "plain input";
  if (s.group == 1) return "";
  if (s.c / s.group % kBf16Channels != 0 || s.k / s.group % kConvBlock != 0) return "groups";
  return "";
}

double as_double(std::int64_t n) { return static_cast<double>(n); }

double output_blocks(const ConvShape& s) {
  return as_double(s.group * ceil_div(s.k / s.group, kConvBlock));
}

// Lines of weights in floats, which are also steps for one pixel.
double weight_lines(const ConvShape& s) {
  return as_double(product(s.kernel) * (s.c / s.group)) * output_blocks(s);
}

double float_cost(const ConvShape& s, const KernelTable& kernels) {
  const double steps = as_double(s.n * product(s.out)) * weight_lines(s);
  double cost = 1.03 * steps + kLine * weight_lines(s);
  if (s.prologue || (s.matrix ? strassen_takes_matrix(s) : prefers_strassen(s))) cost *= 0.93;
  const WinogradChoice winograd = choose_winograd(s, kernels.winograd->fused ? 4 : 2);
  return winograd.m != 0 ? winograd.cost : cost;
}

// Positions that the inputs of one channel block are copied to.
double positions(const ConvShape& s) {
  double all = as_double(s.n * s.out[0] * s.kernel[0]);
  for (int a = 1; a < kConvAxes; a++) {
    const std::int64_t halo = (s.kernel[a] - 1) * s.dilation[a] / s.stride[a];
    all *= as_double(std::min(s.kernel[a], s.stride[a]) * (s.out[a] + halo));
  }
  return all;
}

// Pixels that tiles are computed for.
double tile_pixels(const ConvShape& s, int granule) {
  const std::int64_t halo = (s.kernel[2] - 1) * s.dilation[2] / s.stride[2];
  const std::int64_t flat = s.out[1] * (s.out[2] + halo) - halo;
  const std::int64_t rows = s.out[1] * (ceil_div(s.out[2], granule) * granule);
  return as_double(s.n * s.out[0] * std::min(ceil_div(flat, granule) * granule, rows));
}

double unit_cost(const ConvShape& s, const Bf16Kernels& unit, int terms) {
  const Bf16Cost& cost = terms == 3 ? unit.three : unit.one;
  const std::int64_t channels = s.c / s.group, granule = unit.channel_granule;
  const double steps = as_double(product(s.kernel) * ceil_div(channels, granule) * granule) *
                       output_blocks(s) * tile_pixels(s, unit.granule);
  const double blocks = as_double(s.group * ceil_div(channels, kBf16Channels));
  return cost.products * steps + cost.copy * positions(s) * blocks +
         cost.outputs * as_double(s.n * product(s.out)) * output_blocks(s) +
         kLine * weight_lines(s) * (terms == 3 ? 1 : 0.5);
}

int allowed_terms(ConvPrecision precision) {
  return precision == ConvPrecision::Strict ? 0 : precision == ConvPrecision::Bf16 ? 1 : 3;
}

}  // namespace

int bf16_terms(const ConvShape& s, const KernelTable& kernels, ConvPrecision precision) {
  const Bf16Kernels& unit = *kernels.bf16;
  const int terms = allowed_terms(precision);
  if (terms == 0 || unit.unit == nullptr || !obstacle(s).empty()) return 0;
  return unit_cost(s, unit, terms) < float_cost(s, kernels) ? terms : 0;
}

// Three terms are mentioned only where the unit is made for them.
std::string bf16_note(const ConvShape& s, const KernelTable& kernels, ConvPrecision precision) {
  const Bf16Kernels& unit = *kernels.bf16;
  const int terms = allowed_terms(precision);
  const bool pays = unit.unit != nullptr && unit.three.products < 1;
  if (terms == 0 || (terms == 3 && !pays)) return "";
  if (unit.unit == nullptr) return std::string("bf16: not on ") + kernels.isa;
  const std::string what = obstacle(s), name = terms == 3 ? "bf16x3: " : "bf16: ";
  if (!what.empty()) return name + what;
  return name + "slower by what was measured, from " + std::to_string(s.c) + " to " +
         std::to_string(s.k) + " channels at " + conv_plane(s.out);
}

}  // namespace keel::simd
