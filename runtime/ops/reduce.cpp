// ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum
// ReduceLogSumExp ReduceSumSquare: axes are the optional second input; none means all of them, or,
// with noop_with_empty_axes, no reduction at all.
//
// Floats are summed in double, in the order of memory, so that the result depends on no split.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/op.h"
#include "runtime/reduce_axes.h"

namespace keel::ops {
namespace {

enum class Kind { Sum, Mean, Max, Min, Prod, L1, L2, LogSum, LogSumExp, SumSquare };

// Elements that fit the stack of a worker: the width of a strip that is reduced at once.
constexpr std::int64_t kStrip = 256;

// int64 holds all sums of narrower integers; uint64 wraps as the specification's own type does.
template <typename T>
using Sum = std::conditional_t<
    std::is_floating_point_v<T>, double,
    std::conditional_t<std::is_same_v<T, std::uint64_t>, std::uint64_t, std::int64_t>>;

// Wrap-around addition and multiplication, defined for signed integers too.
template <typename A>
A add(A a, A b) {
  if constexpr (std::is_floating_point_v<A>)
    return a + b;
  else
    return static_cast<A>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
template <typename A>
A mul(A a, A b) {
  if constexpr (std::is_floating_point_v<A>)
    return a * b;
  else
    return static_cast<A>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

template <Kind K, typename A>
A start() {
  if constexpr (K == Kind::Prod) return A{1};
  if constexpr (K == Kind::Max)
    return std::is_floating_point_v<A> ? -std::numeric_limits<A>::infinity()
                                       : std::numeric_limits<A>::lowest();
  if constexpr (K == Kind::Min)
    return std::is_floating_point_v<A> ? std::numeric_limits<A>::infinity()
                                       : std::numeric_limits<A>::max();
  return A{0};
}

// `shift` is the largest element, for LogSumExp only.
template <Kind K, typename A>
A step(A sum, A x, A shift) {
  if constexpr (K == Kind::Max) return x > sum || x != x ? x : sum;
  if constexpr (K == Kind::Min) return x < sum || x != x ? x : sum;
  if constexpr (K == Kind::Prod) return mul(sum, x);
  if constexpr (K == Kind::L1) return add(sum, x < A{0} ? static_cast<A>(A{0} - x) : x);
  if constexpr (K == Kind::L2 || K == Kind::SumSquare) return add(sum, mul(x, x));
  if constexpr (K == Kind::LogSumExp)
    return static_cast<A>(sum + std::exp(static_cast<double>(x) - static_cast<double>(shift)));
  return add(sum, x);
}

template <Kind K, typename A>
double finish_real(A sum, A shift, std::int64_t count) {
  const auto value = static_cast<double>(sum);
  if constexpr (K == Kind::Mean) return value / static_cast<double>(count);
  if constexpr (K == Kind::L2) return std::sqrt(value);
  if constexpr (K == Kind::LogSum) return std::log(value);
  if constexpr (K == Kind::LogSumExp) return std::log(value) + static_cast<double>(shift);
  return value;
}

template <Kind K, typename T, typename A>
T finish(A sum, A shift, std::int64_t count) {
  constexpr bool real =
      K == Kind::Mean || K == Kind::L2 || K == Kind::LogSum || K == Kind::LogSumExp;
  if constexpr (!real || (K == Kind::Mean && !std::is_floating_point_v<T>)) {
    if constexpr (K == Kind::Mean)
      return count == 0 ? T{0} : static_cast<T>(sum / static_cast<A>(count));
    return static_cast<T>(sum);
  } else {
    return static_cast<T>(finish_real<K>(sum, shift, count));
  }
}

// Reduces `width` neighbouring elements at once: x + each offset is a row of them.
template <Kind K, typename T>
void reduce_strip(const T* x, const std::vector<std::int64_t>& offsets, std::int64_t width, T* y) {
  using A = Sum<T>;
  A sum[kStrip], shift[kStrip] = {};
  if constexpr (K == Kind::LogSumExp) {
    std::fill_n(shift, width, start<Kind::Max, A>());
    for (std::int64_t offset : offsets)
      for (std::int64_t i = 0; i < width; ++i)
        shift[i] = step<Kind::Max, A>(shift[i], static_cast<A>(x[offset + i]), A{0});
    // exp(-inf - -inf) is NaN: a row of -inf sums to 0 instead.
    if constexpr (std::is_floating_point_v<T>)
      for (std::int64_t i = 0; i < width; ++i)
        if (std::isinf(shift[i])) shift[i] = 0;
  }
  std::fill_n(sum, width, start<K, A>());
  for (std::int64_t offset : offsets)
    for (std::int64_t i = 0; i < width; ++i)
      sum[i] = step<K, A>(sum[i], static_cast<A>(x[offset + i]), shift[i]);
  const auto count = static_cast<std::int64_t>(offsets.size());
  for (std::int64_t i = 0; i < width; ++i) y[i] = finish<K, T, A>(sum[i], shift[i], count);
}

// Reduces runs of neighbouring elements to one, with partial sums that the compiler vectorises;
// they are added up in a fixed order.
template <Kind K, typename T>
T reduce_runs(const T* x, const std::vector<std::int64_t>& offsets, std::int64_t run) {
  using A = Sum<T>;
  constexpr int kLanes = 8;
  A shift{};
  if constexpr (K == Kind::LogSumExp) {
    shift = start<Kind::Max, A>();
    for (std::int64_t offset : offsets)
      for (std::int64_t i = 0; i < run; ++i)
        shift = step<Kind::Max, A>(shift, static_cast<A>(x[offset + i]), A{0});
    if constexpr (std::is_floating_point_v<T>)
      if (std::isinf(shift)) shift = 0;
  }
  A lanes[kLanes];
  std::fill_n(lanes, kLanes, start<K, A>());
  for (std::int64_t offset : offsets) {
    std::int64_t i = 0;
    for (; i + kLanes <= run; i += kLanes)
      for (int lane = 0; lane < kLanes; ++lane)
        lanes[lane] = step<K, A>(lanes[lane], static_cast<A>(x[offset + i + lane]), shift);
    for (; i < run; ++i) lanes[0] = step<K, A>(lanes[0], static_cast<A>(x[offset + i]), shift);
  }
  constexpr Kind kMerge = K == Kind::Max || K == Kind::Min || K == Kind::Prod ? K : Kind::Sum;
  A sum = lanes[0];
  for (int lane = 1; lane < kLanes; ++lane) sum = step<kMerge, A>(sum, lanes[lane], A{0});
  return finish<K, T, A>(sum, shift, static_cast<std::int64_t>(offsets.size()) * run);
}

template <Kind K, typename T>
void reduce(RunContext& run, const ReduceSplit& split) {
  const T* x = run.in<T>(0);
  T* y = run.out<T>(0);
  const auto rows = static_cast<std::int64_t>(split.kept_offsets.size());
  const std::int64_t work = std::max<std::int64_t>(
      1, split.run * static_cast<std::int64_t>(split.reduced_offsets.size()));
  const std::int64_t grain = std::max<std::int64_t>(1, 16384 / work);
  run.parallel.ranges(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* from = x + split.kept_offsets[static_cast<std::size_t>(row)];
      if (split.run_reduced) {
        y[row] = reduce_runs<K, T>(from, split.reduced_offsets, split.run);
        continue;
      }
      for (std::int64_t i = 0; i < split.run; i += kStrip)
        reduce_strip<K, T>(from + i, split.reduced_offsets, std::min(kStrip, split.run - i),
                           y + row * split.run + i);
    }
  });
}

template <Kind K>
void reduce_any(RunContext& run, const ReduceSplit& split) {
  switch (run.input(0).type) {
    case DataType::Float:
      return reduce<K, float>(run, split);
    case DataType::Double:
      return reduce<K, double>(run, split);
    case DataType::Int32:
      return reduce<K, std::int32_t>(run, split);
    case DataType::Int64:
      return reduce<K, std::int64_t>(run, split);
    case DataType::Uint32:
      return reduce<K, std::uint32_t>(run, split);
    case DataType::Uint64:
      return reduce<K, std::uint64_t>(run, split);
    default:
      break;
  }
  // The narrow types of Max and Min.
  if constexpr (K == Kind::Max || K == Kind::Min) {
    if (run.input(0).type == DataType::Int8) return reduce<K, std::int8_t>(run, split);
    if (run.input(0).type == DataType::Uint8 || run.input(0).type == DataType::Bool)
      return reduce<K, std::uint8_t>(run, split);
  }
}

template <Kind K>
void infer(InferContext& context) {
  using D = DataType;
  if constexpr (K == Kind::Max || K == Kind::Min)
    context.expect_type(0, {D::Float, D::Double, D::Float16, D::BFloat16, D::Int32, D::Int64,
                            D::Uint32, D::Uint64, D::Int8, D::Uint8, D::Bool});
  else
    context.expect_type(0, {D::Float, D::Double, D::Float16, D::BFloat16, D::Int32, D::Int64,
                            D::Uint32, D::Uint64});
  infer_reduced(context);
}

template <Kind K>
Kernel prepare(const PrepareContext& context) {
  const std::optional<std::vector<bool>> axes = reduced_axes(context);
  Kernel kernel;
  kernel.name = "reduce";
  if (axes) {
    kernel.run = [split = reduce_split(context.inputs[0].dims, *axes)](RunContext& run) {
      reduce_any<K>(run, split);
    };
    return kernel;
  }
  kernel.run = [](RunContext& run) {
    const Shape& dims = run.input(0).dims;
    const auto axes =
        reduced_axes(run.node, dims.size(), run.has_input(1) ? &run.input(1) : nullptr);
    reduce_any<K>(run, reduce_split(dims, axes));
  };
  return kernel;
}

template <Kind K>
void add_op(OpTable& table, const char* name, int since) {
  OpDef def;
  def.name = name;
  def.since = since;
  def.infer = infer<K>;
  def.prepare = prepare<K>;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace

void reduce(OpTable& table) {
  add_op<Kind::Sum>(table, "ReduceSum", 1);
  add_op<Kind::Mean>(table, "ReduceMean", 1);
  add_op<Kind::Max>(table, "ReduceMax", 1);
  add_op<Kind::Min>(table, "ReduceMin", 1);
  add_op<Kind::Prod>(table, "ReduceProd", 1);
  add_op<Kind::L1>(table, "ReduceL1", 1);
  add_op<Kind::L2>(table, "ReduceL2", 1);
  add_op<Kind::LogSum>(table, "ReduceLogSum", 1);
  add_op<Kind::LogSumExp>(table, "ReduceLogSumExp", 1);
  add_op<Kind::SumSquare>(table, "ReduceSumSquare", 1);
}

}  // namespace keel::ops
