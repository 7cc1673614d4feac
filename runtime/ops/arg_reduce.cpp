// ArgMax ArgMin: the index of the extreme element along an axis; the first of equal ones, or with
// select_last_index the last. NaN is beyond every number, as in numpy.
#include <algorithm>

#include "runtime/element_types.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

constexpr std::int64_t kStrip = 64;  // neighbouring elements that are searched at once
constexpr std::int64_t kLanes = 16;  // searches that one contiguous row is cut into

struct Axis {
  std::int64_t outer, length, inner;
};

// Whether an element that comes after `best` replaces it.
template <bool Max, bool Last, typename T>
bool replaces(T candidate, T best) {
  if constexpr (std::is_floating_point_v<T>) {
    const bool nan = candidate != candidate;
    if (Last) return (Max ? candidate >= best : candidate <= best) | nan;
    return (Max ? candidate > best : candidate < best) | (nan & (best == best));
  } else {
    if (Last) return Max ? candidate >= best : candidate <= best;
    return Max ? candidate > best : candidate < best;
  }
}

// best[i] = the extreme of x[k * pitch + i] over k < rows, at k = index[i]; `width` searches side
// by side. Memory is read in its order.
template <bool Max, bool Last, typename T>
void search_rows(const T* x, std::int64_t rows, std::int64_t pitch, std::int64_t width, T* best,
                 std::int32_t* index) {
  std::copy_n(x, width, best);
  std::fill_n(index, width, 0);
  for (std::int64_t k = 1; k < rows; ++k) {
    const T* const row = x + k * pitch;
    const auto number = static_cast<std::int32_t>(k);
    for (std::int64_t i = 0; i < width; ++i) {
      const bool take = replaces<Max, Last>(row[i], best[i]);
      best[i] = take ? row[i] : best[i];
      index[i] = take ? number : index[i];
    }
  }
}

// The extreme of one contiguous row.
template <bool Max, bool Last, typename T>
std::int64_t search_row(const T* x, std::int64_t length) {
  const std::int64_t rows = length / kLanes;
  std::int64_t found = 0;
  if (rows > 0) {
    T best[kLanes];
    std::int32_t index[kLanes];
    search_rows<Max, Last>(x, rows, kLanes, kLanes, best, index);
    found = index[0] * kLanes;
    for (std::int64_t lane = 1; lane < kLanes; ++lane) {
      const std::int64_t at = index[lane] * kLanes + lane;
      // Of equal elements, the one that comes first or last.
      const bool take =
          at > found ? replaces<Max, Last>(x[at], x[found]) : !replaces<Max, Last>(x[found], x[at]);
      if (take) found = at;
    }
  }
  for (std::int64_t i = rows * kLanes; i < length; ++i)
    if (replaces<Max, Last>(x[i], x[found])) found = i;
  return found;
}

template <bool Max, bool Last, typename T>
void search(RunContext& run, const Axis& axis) {
  const T* const x = run.in<T>(0);
  auto* const y = run.out<std::int64_t>(0);
  const std::int64_t strips = (axis.inner + kStrip - 1) / kStrip;
  constexpr std::int64_t kGrain = 16 * 1024;  // elements that a thread takes at a time
  const std::int64_t grain =
      std::max<std::int64_t>(1, kGrain / (axis.length * std::min(kStrip, axis.inner + 1)));
  run.parallel.ranges(axis.outer * strips, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = i / strips, at = i % strips * kStrip;
      const T* const from = x + row * axis.length * axis.inner + at;
      if (axis.inner == 1) {
        y[i] = search_row<Max, Last>(from, axis.length);
        continue;
      }
      const std::int64_t width = std::min(kStrip, axis.inner - at);
      T best[kStrip];
      std::int32_t index[kStrip];
      search_rows<Max, Last>(from, axis.length, axis.inner, width, best, index);
      std::copy_n(index, width, y + row * axis.inner + at);
    }
  });
}

template <bool Max, bool Last>
void search_any(RunContext& run, const Axis& axis) {
  using Search = void (*)(RunContext&, const Axis&);
  pick_type(NumericList{}, run.input(0).type, [](auto tag) -> Search {
    return search<Max, Last, typename decltype(tag)::type>;
  })(run, axis);
}

void infer(InferContext& context) {
  context.expect_type(0, kNumericTypes);
  Shape dims = context.input(0).dims;
  const std::int64_t axis = context.axis(context.node.int_or("axis", 0), context.rank(0));
  if (dims[axis] == 0)
    context.node.fail(ErrorCode::BadInput,
                      str("axis ", axis, " is empty: it has no extreme element"));
  if (context.node.int_or("keepdims", 1) != 0)
    dims[axis] = 1;
  else
    dims.erase(dims.begin() + axis);
  context.set_output(0, DataType::Int64, std::move(dims));
}

template <bool Max>
Kernel prepare(const PrepareContext& context) {
  const Shape& dims = context.inputs[0].dims;
  std::int64_t axis = context.node.int_or("axis", 0);
  if (axis < 0) axis += static_cast<std::int64_t>(dims.size());
  const auto at = static_cast<std::size_t>(axis);
  const Axis split{product(dims, 0, at), dims[at], product(dims, at + 1, dims.size())};
  if (split.length > INT32_MAX)
    context.node.fail(ErrorCode::ResourceLimit,
                      str("an axis of ", split.length, " elements; the limit is ", INT32_MAX));
  const bool last = context.node.int_or("select_last_index", 0) != 0;
  Kernel kernel;
  kernel.name = "arg reduce";
  kernel.run = [split, last](RunContext& run) {
    last ? search_any<Max, true>(run, split) : search_any<Max, false>(run, split);
  };
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
