// ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum
// ReduceLogSumExp ReduceSumSquare: axes are the optional second input; none means all of them, or,
// with noop_with_empty_axes, no reduction at all.
//
// Doubles are summed in the order of memory, floats as simd/reduce.h says: the result depends on no
// split.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/op.h"
#include "runtime/ops/reduce_float.h"

namespace keel::ops {
namespace {

// Reduces `width` neighbouring elements at once: x + each offset of the group is a row of them.
template <Kind K, typename T>
void reduce_strip(const T* x, const AxisGroup& group, std::int64_t width, T* y) {
  using A = Sum<K, T>;
  A sum[kStrip], shift[kStrip] = {};
  if constexpr (K == Kind::LogSumExp) {
    std::fill_n(shift, width, start<Kind::Max, A>());
    for (AxisWalk walk(group); walk.left > 0; walk.next())
      for (std::int64_t i = 0; i < width; ++i)
        shift[i] = step<Kind::Max, A>(shift[i], static_cast<A>(x[walk.offset + i]), A{0});
    // exp(-inf - -inf) is NaN: a row of -inf sums to 0 instead.
    for (std::int64_t i = 0; i < width; ++i)
      if (std::isinf(shift[i])) shift[i] = 0;
  }
  std::fill_n(sum, width, start<K, A>());
  for (AxisWalk walk(group); walk.left > 0; walk.next())
    for (std::int64_t i = 0; i < width; ++i)
      sum[i] = step<K, A>(sum[i], static_cast<A>(x[walk.offset + i]), shift[i]);
  for (std::int64_t i = 0; i < width; ++i) y[i] = finish<K, T, A>(sum[i], shift[i], group.count);
}

// Reduces runs of neighbouring elements to one, with partial sums that the compiler vectorises;
// they are added up in a fixed order.
template <Kind K, typename T>
T reduce_runs(const T* x, const AxisGroup& group, std::int64_t run) {
  using A = Sum<K, T>;
  constexpr int kLanes = 16;
  A shift{};
  if constexpr (K == Kind::LogSumExp) {
    shift = start<Kind::Max, A>();
    for (AxisWalk walk(group); walk.left > 0; walk.next())
      for (std::int64_t i = 0; i < run; ++i)
        shift = step<Kind::Max, A>(shift, static_cast<A>(x[walk.offset + i]), A{0});
    if (std::isinf(shift)) shift = 0;
  }
  A lanes[kLanes];
  std::fill_n(lanes, kLanes, start<K, A>());
  for (AxisWalk walk(group); walk.left > 0; walk.next()) {
    const T* const from = x + walk.offset;
    std::int64_t i = 0;
    for (; i + kLanes <= run; i += kLanes)
      for (int lane = 0; lane < kLanes; ++lane)
        lanes[lane] = step<K, A>(lanes[lane], static_cast<A>(from[i + lane]), shift);
    for (; i < run; ++i) lanes[0] = step<K, A>(lanes[0], static_cast<A>(from[i]), shift);
  }
  constexpr Kind kMerge = is_extreme(K) || K == Kind::Prod ? K : Kind::Sum;
  A sum = lanes[0];
  for (int lane = 1; lane < kLanes; ++lane) sum = step<kMerge, A>(sum, lanes[lane], A{0});
  return finish<K, T, A>(sum, shift, group.count * run);
}

// Work is cut into output rows, and wide rows into strips.
template <Kind K, typename T>
void reduce(RunContext& run, const ReduceSplit& split) {
  const T* const x = run.in<T>(0);
  T* const y = run.out<T>(0);
  const std::int64_t strips = split.run_reduced ? 1 : (split.run + kStrip - 1) / kStrip;
  const std::int64_t work =
      split.reduced.count * (split.run_reduced ? split.run : std::min(kStrip, split.run));
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, work));
  run.parallel.ranges(split.kept.count * strips, grain, [&](std::int64_t begin, std::int64_t end) {
    AxisWalk row(split.kept, begin / strips);
    std::int64_t strip = begin % strips;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* const from = x + row.offset;
      if (split.run_reduced) {
        y[i] = reduce_runs<K, T>(from, split.reduced, split.run);
      } else {
        const std::int64_t at = strip * kStrip;
        reduce_strip<K, T>(from + at, split.reduced, std::min(kStrip, split.run - at),
                           y + i / strips * split.run + at);
      }
      if (++strip < strips) continue;
      strip = 0;
      row.next();
    }
  });
}

// The spatial axes of a blocked tensor, whose groups of 16 channels are strips. The result is
// blocked too, or [N, C] without padding lanes.
template <Kind K>
void reduce_spatial(RunContext& run) {
  const TensorRef &x = run.input(0), &y = run.output(0);
  const std::int64_t channels = x.dims[1], blocks = (channels + kBlock - 1) / kBlock;
  const AxisGroup spatial{
      {product(x.dims, 2, x.dims.size())}, {kBlock}, product(x.dims, 2, x.dims.size())};
  const std::int64_t grain =
      std::max<std::int64_t>(1, kGrain / kBlock / std::max<std::int64_t>(1, spatial.count));
  run.parallel.ranges(x.dims[0] * blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float* const from = x.as<float>() + i * spatial.count * kBlock;
      if (y.layout == Layout::Blocked16) {
        reduce_strip<K, float>(from, spatial, kBlock, y.as<float>() + i * kBlock);
      } else {
        const std::int64_t first = i % blocks * kBlock;
        reduce_strip<K, float>(from, spatial, std::min(kBlock, channels - first),
                               y.as<float>() + i / blocks * channels + first);
      }
    }
  });
}

template <Kind K>
void reduce_any(RunContext& run, const simd::KernelTable& kernels, const ReduceSplit& split) {
  if constexpr (kernel_kind(K).has_value())
    if (has_kernel<K>(run, split)) return reduce_floats<K>(run, *kernels.reduce, split);
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
    reduce<K, std::uint8_t>(run, split);
    if (run.input(0).type == DataType::Uint8) return;
    // Bool: any byte but 0 is true.
    auto* const truths = run.out<std::uint8_t>(0);
    for (std::int64_t i = 0; i < run.output(0).size(); ++i) truths[i] = truths[i] != 0;
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
  Kernel kernel;
  kernel.name = "reduce";
  if (context.inputs[0].layout == Layout::Blocked16) {
    kernel.run = reduce_spatial<K>;
    return kernel;
  }
  const std::optional<std::vector<bool>> axes = reduced_axes(context);
  if (axes) {
    kernel.run = [&kernels = context.kernels, split = reduce_split(context.inputs[0].dims, *axes)](
                     RunContext& run) { reduce_any<K>(run, kernels, split); };
    return kernel;
  }
  kernel.run = [&kernels = context.kernels](RunContext& run) {
    const Shape& dims = run.input(0).dims;
    const auto axes =
        reduced_axes(run.node, dims.size(), run.has_input(1) ? &run.input(1) : nullptr);
    reduce_any<K>(run, kernels, reduce_split(dims, axes));
  };
  return kernel;
}

// Blocked where the input lies so and exactly the spatial axes are reduced.
LayoutChoice layout(const LayoutQuery& query) {
  const TensorType& x = query.inputs[0];
  if ((query.blocked_inputs & 1) == 0 || x.rank() < 3) return {};
  const Tensor* const given = query.inputs.size() > 1 ? query.values[1] : nullptr;
  if (given == nullptr) return {};
  const TensorRef axes = ref(*given);
  const std::vector<bool> reduced = reduced_axes(query.node, x.dims.size(), &axes);
  for (std::size_t i = 0; i < reduced.size(); ++i)
    if (reduced[i] != (i >= 2)) return {};
  LayoutChoice choice;
  choice.blocked_inputs = 1;
  choice.blocked_outputs = query.outputs[0].rank() == x.rank() ? 1 : 0;
  return choice;
}

template <Kind K>
void add_op(OpTable& table, const char* name, int since) {
  OpDef def;
  def.name = name;
  def.since = since;
  def.infer = infer<K>;
  def.prepare = prepare<K>;
  def.layout = layout;
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
