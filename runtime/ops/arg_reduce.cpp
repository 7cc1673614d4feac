// ArgMax ArgMin: the index of the extreme element along an axis; the first of equal ones, or with
// select_last_index the last. NaN is beyond every number, as in numpy.
#include <algorithm>

#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

template <bool Max, typename T>
bool better(T candidate, T best, bool last) {
  if constexpr (std::is_floating_point_v<T>) {
    if (best != best) return last && candidate != candidate;
    if (candidate != candidate) return true;
  }
  if (candidate == best) return last;
  return Max ? candidate > best : candidate < best;
}

constexpr std::int64_t kStrip = 64;

struct Axis {
  std::int64_t outer, length, inner;
  bool last;
};

// Along `axis` for `width` neighbouring elements at once: memory is read in its order.
template <bool Max, typename T>
void search_strip(const T* x, const Axis& axis, std::int64_t width, std::int64_t* y) {
  T best[kStrip];
  std::copy_n(x, width, best);
  std::fill_n(y, width, 0);
  for (std::int64_t k = 1; k < axis.length; ++k) {
    const T* const row = x + k * axis.inner;
    for (std::int64_t i = 0; i < width; ++i) {
      if (!better<Max>(row[i], best[i], axis.last)) continue;
      best[i] = row[i];
      y[i] = k;
    }
  }
}

template <bool Max, typename T>
void search(RunContext& run, const Axis& axis) {
  const std::int64_t strips = (axis.inner + kStrip - 1) / kStrip;
  constexpr std::int64_t kGrain = 16 * 1024;  // elements that a thread takes at a time
  const std::int64_t grain =
      std::max<std::int64_t>(1, kGrain / (axis.length * std::min(kStrip, axis.inner + 1)));
  run.parallel.ranges(axis.outer * strips, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i % strips * kStrip;
      search_strip<Max>(run.in<T>(0) + i / strips * axis.length * axis.inner + at, axis,
                        std::min(kStrip, axis.inner - at),
                        run.out<std::int64_t>(0) + i / strips * axis.inner + at);
    }
  });
}

template <bool Max>
void search_any(RunContext& run, const Axis& axis) {
  switch (run.input(0).type) {
    case DataType::Float:
      return search<Max, float>(run, axis);
    case DataType::Double:
      return search<Max, double>(run, axis);
    case DataType::Int8:
      return search<Max, std::int8_t>(run, axis);
    case DataType::Int16:
      return search<Max, std::int16_t>(run, axis);
    case DataType::Int32:
      return search<Max, std::int32_t>(run, axis);
    case DataType::Int64:
      return search<Max, std::int64_t>(run, axis);
    case DataType::Uint8:
      return search<Max, std::uint8_t>(run, axis);
    case DataType::Uint16:
      return search<Max, std::uint16_t>(run, axis);
    case DataType::Uint32:
      return search<Max, std::uint32_t>(run, axis);
    default:
      return search<Max, std::uint64_t>(run, axis);
  }
}

void infer(InferContext& context) {
  using D = DataType;
  context.expect_type(0, {D::Float, D::Double, D::Float16, D::BFloat16, D::Int8, D::Int16, D::Int32,
                          D::Int64, D::Uint8, D::Uint16, D::Uint32, D::Uint64});
  Shape dims = context.input(0).dims;
  const std::int64_t axis = context.axis(context.node.int_or("axis", 0), context.rank(0));
  if (dims[axis] == 0)
    context.node.fail(ErrorCode::BadInput,
                      str("axis ", axis, " is empty: it has no extreme element"));
  if (context.node.int_or("keepdims", 1) != 0)
    dims[axis] = 1;
  else
    dims.erase(dims.begin() + axis);
  context.set_output(0, D::Int64, std::move(dims));
}

template <bool Max>
Kernel prepare(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  std::int64_t axis = context.node.int_or("axis", 0);
  if (axis < 0) axis += rank;
  const auto at = static_cast<std::size_t>(axis);
  const Axis split{product(dims, 0, at), dims[at], product(dims, at + 1, dims.size()),
                   context.node.int_or("select_last_index", 0) != 0};
  Kernel kernel;
  kernel.name = "arg reduce";
  kernel.run = [split](RunContext& run) { search_any<Max>(run, split); };
  return kernel;
}

}  // namespace

void arg_reduce(OpTable& table) {
  OpDef def;
  def.infer = infer;
  def.half_through_float = true;
  def.name = "ArgMax";
  def.prepare = prepare<true>;
  table.add(def);
  def.name = "ArgMin";
  def.prepare = prepare<false>;
  table.add(def);
}

}  // namespace keel::ops
