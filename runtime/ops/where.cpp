// Where: y = condition ? a : b, all three broadcast. Elements are copied by size.
#include <cstring>

#include "runtime/elementwise.h"

namespace keel::ops {
namespace {

// One row. A step is 1, or 0 where the operand repeats one element.
using WhereLoop = void (*)(const std::uint8_t* condition, std::int64_t condition_step,
                           const void* a, std::int64_t a_step, const void* b, std::int64_t b_step,
                           void* y, std::int64_t n);

struct Wide {  // 16 bytes: complex128
  std::uint64_t low, high;
};

template <typename T, int kA, int kB>
void choose(const std::uint8_t* condition, const T* a, const T* b, T* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T yes = a[i * kA], no = b[i * kB];
    y[i] = condition[i] != 0 ? yes : no;
  }
}

template <typename T>
void where_loop(const std::uint8_t* condition, std::int64_t condition_step, const void* a,
                std::int64_t a_step, const void* b, std::int64_t b_step, void* y, std::int64_t n) {
  const T *const yes = static_cast<const T*>(a), *const no = static_cast<const T*>(b);
  T* const to = static_cast<T*>(y);
  if (condition_step == 0) {
    const T* const from = *condition != 0 ? yes : no;
    const std::int64_t step = *condition != 0 ? a_step : b_step;
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i * step];
  } else if (a_step != 0) {
    b_step != 0 ? choose<T, 1, 1>(condition, yes, no, to, n)
                : choose<T, 1, 0>(condition, yes, no, to, n);
  } else {
    b_step != 0 ? choose<T, 0, 1>(condition, yes, no, to, n)
                : choose<T, 0, 0>(condition, yes, no, to, n);
  }
}

WhereLoop loop_for(DataType type) {
  if (type == DataType::String) return where_loop<std::string>;
  switch (element_size(type)) {
    case 1:
      return where_loop<std::uint8_t>;
    case 2:
      return where_loop<std::uint16_t>;
    case 4:
      return where_loop<std::uint32_t>;
    case 8:
      return where_loop<std::uint64_t>;
    default:
      return where_loop<Wide>;
  }
}

void infer_where(InferContext& context) {
  context.expect_type(0, {DataType::Bool});
  const DataType type = context.type(1);
  if (element_bits(type) < 8)
    context.node.fail(ErrorCode::Unsupported,
                      str("type ", data_type_name(type), " is not supported"));
  context.expect_type(2, {type});
  const Shape both = broadcast(context.node, context.input(1).dims, context.input(2).dims);
  context.set_output(0, type, broadcast(context.node, context.input(0).dims, both));
}

Kernel prepare_where(const PrepareContext& context) {
  const DataType type = context.outputs[0].type;
  const WhereLoop loop = loop_for(type);
  const auto bytes = static_cast<std::int64_t>(element_size(type));
  BroadcastPlan plan(context.outputs[0].dims,
                     {context.inputs[0].dims, context.inputs[1].dims, context.inputs[2].dims});
  Kernel kernel;
  kernel.run = [loop, bytes, plan = std::move(plan)](RunContext& run) {
    run.parallel.ranges(plan.size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
      for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next())
        loop(run.in<std::uint8_t>(0) + walk.at[0], plan.steps[0],
             run.in<std::byte>(1) + walk.at[1] * bytes, plan.steps[1],
             run.in<std::byte>(2) + walk.at[2] * bytes, plan.steps[2],
             run.out<std::byte>(0) + walk.out * bytes, walk.n);
    });
  };
  return kernel;
}

}  // namespace

void where(OpTable& table) {
  OpDef def;
  def.name = "Where";
  def.since = 9;
  def.infer = infer_where;
  def.prepare = prepare_where;
  def.in_place = true;
  table.add(def);
}

}  // namespace keel::ops
