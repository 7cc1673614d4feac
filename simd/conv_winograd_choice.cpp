// Whether Winograd is worth it, and in which form.
#include "simd/conv_algorithm.h"
#include "simd/conv_winograd_plane.h"

namespace keel::simd {
namespace {

// Costs are in steps of the tile kernel (one product of 16 channels); measured on AVX-512 with
// weights from memory, where it is hardest on Winograd.
constexpr double kBytesPerStep = 10;

double reading_cost(const ConvShape& s, double vectors) {  // of weights a channel and block
  return vectors * 64 * static_cast<double>(s.c * ceil_div(s.k, kConvBlock)) / kBytesPerStep;
}

double direct_cost(const ConvShape& s) {
  const std::int64_t taps = product(s.kernel);
  const std::int64_t steps = taps * s.n * product(s.out) * s.c * ceil_div(s.k, kConvBlock);
  return 1.03 * static_cast<double>(steps) + reading_cost(s, static_cast<double>(taps));
}

double winograd_cost(const ConvShape& s, const WinogradForm& form, bool expanding) {
  const std::int64_t k_blocks = ceil_div(s.k, kConvBlock), points = form.side * form.side;
  const std::int64_t tiles = s.n * ceil_div(s.out[1], form.m) * ceil_div(s.out[2], form.m);
  const double transform = form.taps == 4 ? 200 : form.side == 6 ? 400 : form.side == 5 ? 190 : 120;
  const double transforms =
      transform * static_cast<double>(tiles * (ceil_div(s.c, kConvBlock) + k_blocks));
  const std::int64_t channels = WinogradView(s).channels;
  const double products = static_cast<double>(tiles * points * channels * k_blocks);
  if (!expanding)
    return 1.07 * products + transforms + reading_cost(s, static_cast<double>(points));
  const double expansions = (form.side == 6   ? 95
                             : form.side == 5 ? 60
                                              : 50) *
                            static_cast<double>(s.c * k_blocks);
  return 1.11 * products + transforms + expansions + reading_cost(s, 9);
}

// Whether what a thread works on while the points of weights are made stays in L2, and stored
// points would not stay in L3: with the points of 16 tiles of 256 channels in L3, expanding took 12
// % more time than reading stored points from memory; with 4 of 512, 10 % less.
bool can_expand(const ConvShape& s, const WinogradForm& form) {
  if (form.taps != 3) return false;
  const std::int64_t tiles = s.n * ceil_div(s.out[1], form.m) * ceil_div(s.out[2], form.m);
  const std::int64_t floats =
      form.side * form.side * (tiles * (s.c + 2 * kConvBlock) + kExpandedChannels * 2 * kConvBlock);
  const std::int64_t stored = form.side * form.side * s.c * s.k;
  return 4 * floats <= 640 << 10 && 4 * stored >= 4 << 20;
}

// Whether the phases of a plain input fit a block, and meet a form.
bool has_phases(const ConvShape& s) {
  return s.c <= kConvBlock / kPhases && s.kernel == ConvExtents{1, 7, 7} && s.stride[1] == 2 &&
         s.stride[2] == 2;
}

// What keeps Winograd from computing this convolution at all; "" if nothing does.
std::string obstacle(const ConvShape& s) {
  if (s.group > 1) return "groups";
  if (s.transposed) return "transposed";
  if (s.plain_input && !has_phases(s)) return "plain input";
  if (!s.plain_input && s.kernel != ConvExtents{1, 3, 3}) return "kernel " + conv_plane(s.kernel);
  if (s.stride[1] != s.stride[2] || s.stride[1] > 2) return "stride " + conv_plane(s.stride);
  if (s.dilation[1] != 1 || s.dilation[2] != 1) return "dilation " + conv_plane(s.dilation);
  if (s.in[0] != 1 || s.out[0] != 1 || s.pad[0] != 0) return "three axes";
  return "";
}

}  // namespace

std::string winograd_note(const ConvShape& s) {
  if (const std::string what = obstacle(s); !what.empty()) return "winograd: " + what;
  const int m = choose_winograd(s, 4).m;
  if (m > 2 || (m == 2 && s.stride[1] == 2)) return "";
  return std::string(m == 2 ? "F(4,3)" : "winograd") + ": slower by what was measured, at " +
         conv_plane(s.out);
}

WinogradChoice choose_winograd(const ConvShape& s, int most) {
  WinogradChoice best;
  if (!obstacle(s).empty()) return best;
  const WinogradView view(s);
  double least = direct_cost(s);
  for (const WinogradForm& form : kWinogradForms) {
    if (form.stride != view.stride || form.taps != view.taps || form.m > most) continue;
    for (bool expanding : {false, true}) {
      if (expanding && !can_expand(s, form)) continue;
      const double cost = winograd_cost(s, form, expanding);
      if (cost >= least) continue;
      least = cost;
      best = {form.m, expanding, cost};
    }
  }
  return best;
}

}  // namespace keel::simd
