#include "simd/attention.h"

#include <gtest/gtest.h>

#include <cstring>

#include "simd/gemm.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

struct Case {
  std::int64_t rows, depth, keys, columns;
  enum Mask { None, PerKey, PerRow, Full } mask = None;
  bool k_transposed = false, q_transposed = false;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.rows << " rows, depth " << c.depth << ", " << c.keys << " keys, " << c.columns
             << " columns, mask " << c.mask << (c.k_transposed ? " K^T" : "")
             << (c.q_transposed ? " Q^T" : "");
}

// To nearest even; no denormals or NaN.
double to_bf16(double x) {
  const auto as_float = static_cast<float>(x);
  std::uint32_t bits;
  std::memcpy(&bits, &as_float, sizeof(bits));
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  float rounded;
  std::memcpy(&rounded, &bits, sizeof(bits));
  return rounded;
}
double as_it_is(double x) { return x; }

// Y in double, with what a row of it may be off: the size of V. Operands of the products are
// rounded.
void reference(const AttentionArgs& a, const Buffer& k, std::int64_t k_row, std::int64_t k_column,
               const Buffer& v, std::vector<double>& y, double (*rounded)(double)) {
  for (std::int64_t i = 0; i < a.rows; i++) {
    std::vector<double> weights;
    double largest = -HUGE_VAL, sum = 0;
    for (std::int64_t j = 0; j < a.keys; j++) {
      double score = 0;
      for (std::int64_t p = 0; p < a.depth; p++) {
        // The float product is what is rounded; in double, floats as they are.
        const float q = a.q[i * a.q_row + p * a.q_column];
        const double scaled = rounded == as_it_is ? static_cast<double>(q) * a.scale
                                                  : rounded(static_cast<double>(q * a.scale));
        score += scaled * rounded(k[p * k_row + j * k_column]);
      }
      if (a.mask != nullptr) score += a.mask[i * a.mask_row + j * a.mask_column];
      weights.push_back(score);
      largest = std::fmax(largest, score);
    }
    for (double& weight : weights) sum += weight = rounded(std::exp(weight - largest));
    for (std::int64_t e = 0; e < a.columns; e++) {
      double value = 0;
      for (std::int64_t j = 0; j < a.keys; j++) {
        value += weights[static_cast<std::size_t>(j)] / sum * rounded(v[j * a.columns + e]);
      }
      y[static_cast<std::size_t>(i * a.y_row + e)] = value;
    }
  }
}

struct Operands {
  Buffer q, k, v, mask;
  explicit Operands(const Case& c)
      : q(c.rows * c.depth, 1),
        k(c.depth * c.keys, 2),
        v(c.keys * c.columns, 3),
        mask(c.rows * c.keys + 1, 1) {
    for (Buffer* x : {&q, &k, &v, &mask}) x->fill_random();
  }
};

constexpr std::int64_t kGap = 3;  // floats between rows of Y that must stay untouched

// K and V packed, and `attend`, of floats or of bfloat16.
struct Kernels {
  const GemmKernels& g;
  const Bf16AttentionKernels* bf16;  // null: floats

  std::int64_t packed_floats(std::int64_t depth, std::int64_t columns) const {
    return bf16 != nullptr ? bf16->packed_size(depth, columns) / 4
                           : g.packed_b_size(depth, columns);
  }
  void pack(const Buffer& b, std::int64_t row, std::int64_t column, std::int64_t depth,
            std::int64_t columns, Buffer& to) const {
    if (bf16 != nullptr) return bf16->pack(b.data(), row, column, depth, columns, to.data());
    g.pack_b(b.data(), row, column, depth, columns, 0, (columns + g.panel - 1) / g.panel,
             to.data());
  }
  std::int64_t scratch(const Case& c) const {
    return bf16 != nullptr ? bf16->scratch(c.depth, c.keys) : g.attention_scratch(c.depth, c.keys);
  }
};

void run(const Kernels& kernels, const Case& c, const Operands& x, Buffer& y,
         std::vector<double>* want) {
  const bool bf16 = kernels.bf16 != nullptr;
  const std::int64_t k_row = c.k_transposed ? 1 : c.keys, k_column = c.k_transposed ? c.depth : 1;
  // Packed bfloat16 is aligned.
  Buffer k(kernels.packed_floats(c.depth, c.keys), bf16 ? 0 : 1),
      v(kernels.packed_floats(c.keys, c.columns), bf16 ? 0 : 1), scratch(kernels.scratch(c));
  scratch.fill(std::nanf(""));
  kernels.pack(x.k, k_row, k_column, c.depth, c.keys, k);
  kernels.pack(x.v, c.columns, 1, c.keys, c.columns, v);
  AttentionArgs a;
  a.rows = c.rows, a.depth = c.depth, a.keys = c.keys, a.columns = c.columns;
  a.q = x.q.data();
  a.q_row = c.q_transposed ? 1 : c.depth, a.q_column = c.q_transposed ? c.rows : 1;
  a.k = k.data(), a.v = v.data();
  a.scale = 0.7f;
  if (c.mask != Case::None) a.mask = x.mask.data();
  a.mask_row = c.mask == Case::Full ? c.keys : c.mask == Case::PerRow ? 1 : 0;
  a.mask_column = c.mask == Case::Full || c.mask == Case::PerKey ? 1 : 0;
  a.y = y.data(), a.y_row = c.columns + kGap;
  if (want != nullptr) {
    reference(a, x.k, k_row, k_column, x.v, *want, bf16 ? to_bf16 : as_it_is);
  }
  (bf16 ? kernels.bf16->attend : kernels.g.attend)(a, scratch.data());
  for (Buffer* b : {&k, &v, &scratch, &y}) b->check("attention");
}

// Every instruction set with floats of its own, and with bfloat16 where it has that.
std::vector<std::pair<std::string, Kernels>> all_kernels() {
  std::vector<std::pair<std::string, Kernels>> all;
  for (const KernelTable* table : available()) {
    if (table->base == nullptr) all.push_back({table->isa, {*table->gemm, nullptr}});
    if (table->bf16_attention->unit == nullptr) continue;
    all.push_back({std::string(table->isa) + " bf16", {*table->gemm, table->bf16_attention}});
  }
  return all;
}

double worst_error(const Buffer& y, const std::vector<double>& want) {
  double worst = 0;
  for (std::int64_t i = 0; i < y.size(); i++) {
    const double error = std::fabs(y[i] - want[static_cast<std::size_t>(i)]);
    if (!(error <= worst)) worst = error;  // also NaN
  }
  return worst;
}

TEST(AttentionRows, NearTheReference) {
  std::vector<Case> cases;
  for (std::int64_t rows : {1, 2, 3, 5, 7, 14, 15, 29}) {
    for (std::int64_t depth : {0, 1, 17, 64, 385}) {
      for (std::int64_t keys : {0, 1, 7, 8, 16, 17, 33, 197, 384, 385, 801}) {
        for (std::int64_t columns : {1, 16, 33, 129}) {
          Case c = {rows, depth, keys, columns};
          const auto mix = static_cast<unsigned>(rows * 7 + depth * 3 + keys + columns * 5);
          if (mix % 3 != 0 && rows * depth * keys > 100000) continue;
          c.mask = static_cast<Case::Mask>(mix % 4);
          c.k_transposed = mix / 4 % 2, c.q_transposed = mix / 8 % 2;
          cases.push_back(c);
        }
      }
    }
  }
  std::size_t bf16_cases = 0, tipped = 0;
  for (const Case& c : cases) {
    const Operands x(c);
    for (const auto& [name, kernels] : all_kernels()) {
      SCOPED_TRACE(testing::Message() << name << " " << c);
      Buffer y(c.rows * (c.columns + kGap), 3);
      y.fill(77);
      std::vector<double> want = y.as_double();
      ASSERT_NO_FATAL_FAILURE(run(kernels, c, x, y, &want));
      // A score is off by some roundings of its largest terms, and its weight by as much.
      const double bound = 1e-6 + 1e-7 * static_cast<double>(c.depth);
      const double worst = worst_error(y, want);
      if (kernels.bf16 == nullptr) {
        ASSERT_LE(worst, bound);
        continue;
      }
      // Where that tips the rounding of a weight to bfloat16, it is off by up to the 128th part.
      ASSERT_LE(worst, bound + 0x1p-8);
      ++bf16_cases;
      if (worst > bound) ++tipped;
    }
  }
  EXPECT_LE(tipped * 10, bf16_cases);
}

// What is masked weighs nothing; where all is, or something is NaN, the row is NaN, and no other.
TEST(AttentionRows, InfinityAndNan) {
  const float infinity = HUGE_VALF;
  const Case c = {16, 5, 21, 4, Case::Full};
  for (const auto& [name, kernels] : all_kernels()) {
    SCOPED_TRACE(name);
    const auto rounded = kernels.bf16 != nullptr ? to_bf16 : as_it_is;
    Operands x(c);
    for (std::int64_t j = 0; j < c.keys; j++) {
      x.mask[1 * c.keys + j] = -infinity;
      if (j != 20) x.mask[2 * c.keys + j] = -infinity;
      x.mask[3 * c.keys + j] = -3.4e38f;
      if (j != 3) x.mask[4 * c.keys + j] = -1e4f;
    }
    x.q[6 * c.depth] = std::nanf("");
    x.mask[7 * c.keys + 20] = infinity;
    Buffer y(c.rows * (c.columns + kGap), 3);
    ASSERT_NO_FATAL_FAILURE(run(kernels, c, x, y, nullptr));
    for (std::int64_t e = 0; e < c.columns; e++) {
      const auto row = [&](std::int64_t i) { return y[i * (c.columns + kGap) + e]; };
      for (std::int64_t i = 0; i < c.rows; i++) {
        EXPECT_EQ(std::isnan(row(i)), i == 1 || i == 6 || i == 7) << i;
      }
      double mean = 0;
      for (std::int64_t j = 0; j < c.keys; j++) mean += rounded(x.v[j * c.columns + e]) / 21.0;
      EXPECT_EQ(row(2), rounded(x.v[20 * c.columns + e]));
      EXPECT_NEAR(row(3), mean, 1e-6);
      EXPECT_EQ(row(4), rounded(x.v[3 * c.columns + e]));
    }
  }
}

}  // namespace
}  // namespace keel::simd::test
