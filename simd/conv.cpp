#include "simd/conv.h"

#include <algorithm>
#include <cassert>

#include "simd/bf16.h"
#include "simd/conv_algorithm.h"
#include "simd/kernel_table.h"
#include "simd/winograd.h"

namespace keel::simd {
namespace {

// Moves axis `a` before all others.
void move_to_front(ConvShape* s, int a) {
  for (ConvExtents* e : {&s->in, &s->out, &s->kernel, &s->stride, &s->dilation, &s->pad}) {
    std::rotate(e->begin(), e->begin() + a, e->begin() + a + 1);
  }
}

bool is_identity_map(const ConvShape& s) {
  return product(s.kernel) == 1 && product(s.stride) == 1 && s.in == s.out &&
         s.pad == ConvExtents{0, 0, 0};
}

void check(const ConvShape& s, const KernelTable& kernels, ConvPrecision precision) {
  assert(s.n >= 1 && s.c >= 1 && s.k >= 1 && s.group >= 1 && s.rank >= 1 && s.rank <= kConvAxes);
  assert(!s.plain_input || takes_plain_input(s));
  assert(!s.prologue || takes_prologue(s));
  assert(!s.matrix || takes_matrix(s, kernels, precision));
  assert(s.c % s.group == 0 && s.k % s.group == 0);
  for (int a = 0; a < s.rank; a++) {
    assert(s.in[a] >= 1 && s.out[a] >= 1 && s.kernel[a] >= 1);
    assert(s.stride[a] >= 1 && s.dilation[a] >= 1);
    (void)a;
  }
  (void)s, (void)kernels, (void)precision;
}

}  // namespace

ConvShape conv_canonical(const ConvShape& shape) {
  ConvShape s = shape;
  for (int a = s.rank; a < kConvAxes; a++) {
    s.in[a] = s.out[a] = s.kernel[a] = s.stride[a] = s.dilation[a] = 1;
    s.pad[a] = 0;
    move_to_front(&s, a);
  }
  s.rank = kConvAxes;
  if (is_identity_map(s)) {
    s.in = s.out = {1, 1, product(s.in)};
  }
  // An axis without extent or kernel is no row; the order of the others stays that of W.
  for (int a = 1; a < kConvAxes; a++) {
    if (s.in[a] == 1 && s.out[a] == 1 && s.kernel[a] == 1) move_to_front(&s, a);
  }
  const std::int64_t blocks = ceil_div(s.c, kConvBlock) * kConvBlock;
  const std::int64_t y_image = ceil_div(s.k, kConvBlock) * kConvBlock * product(s.out);
  if (s.x_image == 0) s.x_image = (s.plain_input ? s.c : blocks) * product(s.in);
  if (s.y_image == 0) s.y_image = y_image;
  if (s.residual_image == 0) s.residual_image = y_image;
  return s;
}

std::string conv_plane(const ConvExtents& e) {
  return (e[0] > 1 ? std::to_string(e[0]) + "x" : "") + std::to_string(e[1]) + "x" +
         std::to_string(e[2]);
}

std::int64_t conv_chunks(std::int64_t pieces, double flops, int threads) {
  constexpr double kSmallest = 5e5;  // about 5 us
  constexpr std::int64_t kPerThread = 4;
  if (threads == 1) return 1;
  const auto affordable = static_cast<std::int64_t>(flops / kSmallest);
  return std::clamp<std::int64_t>(std::min(affordable, threads * kPerThread), 1, pieces);
}

bool takes_plain_input(const ConvShape& shape) {
  constexpr std::int64_t kFewChannels = 8;
  return shape.group == 1 && !shape.transposed && shape.c <= kFewChannels;
}

bool takes_matrix(const ConvShape& shape, const KernelTable& kernels, ConvPrecision precision) {
  const ConvShape s = conv_canonical(shape);
  if (precision == ConvPrecision::Strict || s.c % kConvBlock != 0) return false;
  return bf16_terms(s, kernels, precision) != 0 || strassen_takes_matrix(s);
}

std::string matrix_note(const ConvShape& shape, const KernelTable& kernels,
                        ConvPrecision precision) {
  const std::string note = bf16_note(conv_canonical(shape), kernels, precision);
  if (note.empty() || kernels.bf16->unit == nullptr || shape.c % kConvBlock == 0) return note;
  return "bf16: rows of " + std::to_string(shape.c) + ", no multiple of " +
         std::to_string(kConvBlock);
}

namespace {

ConvPlan plan_canonical(const ConvShape& s, const KernelTable& kernels, int threads,
                        ConvPrecision precision) {
  const bool strict = precision == ConvPrecision::Strict;
  const int terms = bf16_terms(s, kernels, precision);
  if (terms != 0) return plan_bf16(s, kernels, threads, terms);
  if (s.prologue || s.matrix) return plan_strassen(s, kernels, threads);
  if (!strict) {
    const WinogradChoice winograd = choose_winograd(s, kernels.winograd->fused ? 4 : 2);
    if (winograd.expanding) return plan_expanding_winograd(s, kernels, threads, winograd.m);
    if (winograd.m != 0) return plan_winograd(s, kernels, threads, winograd.m);
  }
  if (s.plain_input) return plan_stem(s, kernels, threads);
  if (s.group == s.c && s.k == s.c) return plan_depthwise(s, kernels, threads);
  if (s.group > 1 && s.k / s.group % kConvBlock != 0) {
    return prefers_narrow(s) ? plan_narrow(s, kernels, threads)
                             : plan_scattered(s, kernels, threads);
  }
  if (is_pixel_conv(s)) return plan_pixel(s, kernels, precision);
  if (!strict && prefers_strassen(s)) return plan_strassen(s, kernels, threads);
  return plan_direct(s, kernels, threads);
}

// Why plan_canonical() took no faster algorithm of floats.
std::string float_note(const ConvShape& s, const KernelTable& kernels, ConvPrecision precision) {
  const bool strict = precision == ConvPrecision::Strict;
  if (s.group > 1 || s.prologue || s.matrix) return "";
  if (product(s.kernel) == 1) {
    if (prefers_strassen(s)) return strict ? "strassen: strict precision" : "";
    return "strassen: slower by what was measured, from " + std::to_string(s.c) + " to " +
           std::to_string(s.k) + " channels at " + conv_plane(s.out);
  }
  const int tile = choose_winograd(s, 4).m;
  if (tile > 0 && strict) return "winograd: strict precision";
  if (tile == 4 && !kernels.winograd->fused) return "F(4,3): no fused multiply-add";
  return winograd_note(s);
}

// Why it took no faster algorithm.
std::string note_on(const ConvShape& s, const KernelTable& kernels, ConvPrecision precision) {
  if (bf16_terms(s, kernels, precision) != 0) return "";
  const std::string bf16 = bf16_note(s, kernels, precision);
  const std::string others = float_note(s, kernels, precision);
  return bf16 + (bf16.empty() || others.empty() ? "" : "; ") + others;
}

}  // namespace

ConvPlan plan_conv(const ConvShape& shape, const KernelTable& kernels, int threads,
                   ConvPrecision precision) {
  check(shape, kernels, precision);
  const ConvShape s = conv_canonical(shape);
  ConvPlan plan = plan_canonical(s, kernels, threads, precision);
  plan.note = note_on(s, kernels, precision);
  return plan;
}

void pack_conv_weights(const ConvPlan& plan, const float* W, float* packed) {
  plan.algorithm->pack(W, packed);
}

void run_conv_chunk(const ConvPlan& plan, int phase, std::int64_t chunk, const ConvArgs& args) {
  plan.algorithm->run(phase, chunk, args);
}

}  // namespace keel::simd
