// Clip: y = min(max(x, min), max); the bounds are inputs of one element.
#include <limits>

#include "runtime/elementwise.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

void infer_clip(InferContext& context) {
  infer_unary(context, kNumericTypes);
  for (std::size_t i = 1; i <= 2; ++i) {
    if (!context.has_input(i)) continue;
    context.expect_type(i, {context.type(0)});
    for (const Dim dim : context.input(i).dims)
      if (dim >= 0 && dim != 1)
        context.node.fail(ErrorCode::BadInput,
                          str("input ", i, ": expected one element, got shape ",
                              to_string(context.input(i).dims)));
  }
}

template <typename T>
T bound(const RunContext& run, std::size_t i, T absent) {
  return run.has_input(i) ? run.in<T>(i)[0] : absent;
}

Kernel float_clip(const PrepareContext& context) {
  const auto* const kernels = context.kernels.elementwise;
  const std::int64_t size = stored_elements(context.inputs[0]);
  Kernel kernel;
  kernel.run = [kernels, size](RunContext& run) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const simd::Activation clip{simd::ActivationKind::Clip, bound(run, 1, -kInfinity),
                                bound(run, 2, kInfinity)};
    run.parallel.ranges(size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels->activate(clip, run.in<float>(0) + begin, run.out<float>(0) + begin, end - begin);
    });
  };
  return kernel;
}

template <typename T>
void clip_run(RunContext& run) {
  using Limits = std::numeric_limits<T>;
  const T low = bound(run, 1, Limits::has_infinity ? -Limits::infinity() : Limits::lowest());
  const T high = bound(run, 2, Limits::has_infinity ? Limits::infinity() : Limits::max());
  const std::int64_t size = run.input(0).size();
  run.parallel.ranges(size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
    const T* const x = run.in<T>(0);
    T* const y = run.out<T>(0);
    for (std::int64_t i = begin; i < end; ++i) {
      const T raised = x[i] < low ? low : x[i];
      y[i] = raised > high ? high : raised;
    }
  });
}

Kernel prepare_clip(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Float) return float_clip(context);
  Kernel kernel;
  kernel.run = pick_type(WideList{}, context.inputs[0].type, [](auto tag) -> void (*)(RunContext&) {
    return clip_run<typename decltype(tag)::type>;
  });
  return kernel;
}

}  // namespace

void clip(OpTable& table) {
  OpDef def;
  def.name = "Clip";
  def.infer = infer_clip;
  def.prepare = prepare_clip;
  def.layout = unary_layout;
  def.in_place = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
