// Reduce*: reductions over a set of axes.
#include <cmath>
#include <limits>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;
using Integers = std::vector<std::int64_t>;

struct Reduction {
  double (*real)(const Values&);
  std::int64_t (*integer)(DataType, const Integers&);
};

double sum(const Values& values) {
  double out = 0;
  for (const double v : values) out += v;
  return out;
}

std::int64_t integer_sum(DataType, const Integers& values) {
  std::uint64_t out = 0;
  for (const std::int64_t v : values) out += static_cast<std::uint64_t>(v);
  return static_cast<std::int64_t>(out);
}

double maximum(const Values& values) {
  double out = -kInf;
  for (const double v : values) out = larger(v, out);
  return out;
}

double sum_squares(const Values& values) {
  double out = 0;
  for (const double v : values) out += v * v;
  return out;
}

std::int64_t integer_squares(DataType, const Integers& values) {
  std::uint64_t out = 0;
  for (const std::int64_t v : values)
    out += static_cast<std::uint64_t>(v) * static_cast<std::uint64_t>(v);
  return static_cast<std::int64_t>(out);
}

double sum_abs(const Values& values) {
  double out = 0;
  for (const double v : values) out += std::fabs(v);
  return out;
}

double log_sum_exp(const Values& values) {
  const double most = maximum(values);
  if (std::isinf(most)) return most;
  double out = 0;
  for (const double v : values) out += std::exp(v - most);
  return most + std::log(out);
}

// The integer form of a reduction that is real by nature: computed in double and truncated.
template <double (*f)(const Values&)>
std::int64_t truncated(DataType, const Integers& values) {
  const double result = f(Values(values.begin(), values.end()));
  return std::isfinite(result) ? static_cast<std::int64_t>(result) : 0;
}

// The least value of an integer type: where its high bit is the sign, that bit alone.
std::int64_t extreme(DataType type, bool least) {
  for (int bit = 63; bit >= 0; --bit) {
    const auto power = static_cast<std::int64_t>(std::uint64_t{1} << bit);
    if (type == DataType::Uint64) return least ? 0 : -1;
    const std::int64_t wrapped = wrap(type, power);
    if (wrapped == 0 || type == DataType::Bool) continue;
    const bool is_signed = wrapped < 0;
    return least ? (is_signed ? wrapped : 0) : (is_signed ? ~wrapped : wrapped + (wrapped - 1));
  }
  return 0;
}

double mean(const Values& values) { return sum(values) / static_cast<double>(values.size()); }
double l2(const Values& values) { return std::sqrt(sum_squares(values)); }
double log_sum(const Values& values) { return std::log(sum(values)); }

double product(const Values& values) {
  double out = 1;
  for (const double v : values) out *= v;
  return out;
}

std::int64_t integer_product(DataType, const Integers& values) {
  std::uint64_t out = 1;
  for (const std::int64_t v : values) out *= static_cast<std::uint64_t>(v);
  return static_cast<std::int64_t>(out);
}

double minimum(const Values& values) {
  double out = kInf;
  for (const double v : values) out = smaller(v, out);
  return out;
}

template <bool kLeast>
std::int64_t integer_best(DataType type, const Integers& values) {
  if (type == DataType::Bool && values.empty()) return kLeast;
  std::int64_t out = values.empty() ? extreme(type, !kLeast) : values[0];
  for (const std::int64_t v : values)
    if (kLeast ? integer_less(type, v, out) : integer_less(type, out, v)) out = v;
  return out;
}

std::vector<bool> reduced_axes(const Call& c) {
  const Array& x = c[0];
  Indices axes;
  if (c.has(1)) axes = c[1].ints;
  std::vector<bool> out(x.shape.size(), axes.empty() && !c.node.int_or("noop_with_empty_axes", 0));
  for (const std::int64_t axis : axes) out[c.axis(axis, x.rank())] = true;
  return out;
}

Arrays reduce(const Call& c, const Reduction& reduction) {
  const Array& x = c[0];
  const std::vector<bool> reduced = reduced_axes(c);
  Shape kept = x.shape, pruned;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (reduced[i]) kept[i] = 1;
    if (!reduced[i]) pruned.push_back(x.shape[i]);
  }
  const std::int64_t groups = count(kept);
  const Indices step = strides(kept);
  std::vector<Values> reals(static_cast<std::size_t>(groups));
  std::vector<Integers> ints(static_cast<std::size_t>(groups));
  for_each(x.shape, [&](std::int64_t flat, const Indices& index) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < index.size(); ++i)
      if (!reduced[i]) at += index[i] * step[i];
    if (x.is_real()) reals[at].push_back(x.reals[flat]);
    if (x.is_integer()) ints[at].push_back(x.ints[flat]);
  });
  Array out(x.type, c.node.int_or("keepdims", 1) ? kept : pruned);
  for (std::int64_t i = 0; i < groups; ++i) {
    if (x.is_real()) out.reals[i] = reduction.real(reals[i]);
    if (x.is_integer()) out.ints[i] = wrap(x.type, reduction.integer(x.type, ints[i]));
  }
  return {out};
}

}  // namespace

void add_reductions(Table& table) {
  const std::map<std::string, Reduction> reductions = {
      {"ReduceSum", {sum, integer_sum}},
      {"ReduceMean", {mean, truncated<mean>}},
      {"ReduceMax", {maximum, integer_best<false>}},
      {"ReduceMin", {minimum, integer_best<true>}},
      {"ReduceProd", {product, integer_product}},
      {"ReduceSumSquare", {sum_squares, integer_squares}},
      {"ReduceL1", {sum_abs, truncated<sum_abs>}},
      {"ReduceL2", {l2, truncated<l2>}},
      {"ReduceLogSum", {log_sum, truncated<log_sum>}},
      {"ReduceLogSumExp", {log_sum_exp, truncated<log_sum_exp>}},
  };
  for (const auto& [name, reduction] : reductions)
    table[name] = [reduction = reduction](const Call& c) { return reduce(c, reduction); };
}

}  // namespace keel::oracle
