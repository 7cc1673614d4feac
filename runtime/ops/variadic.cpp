// Min, Max, Sum and Mean of any number of inputs, broadcast. NaN in one of them gives NaN.
#include <algorithm>
#include <cstring>

#include "runtime/elementwise.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

using simd::BinaryKind;
using simd::Inner;

struct Smaller {
  template <typename T>
  T operator()(T a, T b) const {
    return a != a || a < b ? a : b;
  }
};
struct Larger {
  template <typename T>
  T operator()(T a, T b) const {
    return a != a || a > b ? a : b;
  }
};
struct Total {
  double operator()(double a, double b) const { return a + b; }
};
struct Quotient {
  double operator()(double a, double b) const { return a / b; }
};

BinaryLoop float_loop(const PrepareContext& context, BinaryKind kind) {
  return [kind, kernels = context.kernels.elementwise](Inner inner, const void* a, const void* b,
                                                       void* y, std::int64_t n) {
    kernels->binary(kind, inner, static_cast<const float*>(a), static_cast<const float*>(b),
                    static_cast<float*>(y), n, {});
  };
}

template <typename Op>
BinaryLoop order_loop(DataType type) {
  return pick_type(WideList{}, type, [](auto tag) -> BinaryFunction {
    using T = typename decltype(tag)::type;
    return binary_loop<Op, T, T>;
  });
}

BinaryLoop loop_for(const PrepareContext& context) {
  const std::string& op = context.node.op_type;
  const DataType type = context.outputs[0].type;
  const bool is_float = type == DataType::Float;
  if (op == "Min")
    return is_float ? float_loop(context, BinaryKind::Min) : order_loop<Smaller>(type);
  if (op == "Max")
    return is_float ? float_loop(context, BinaryKind::Max) : order_loop<Larger>(type);
  return is_float ? float_loop(context, BinaryKind::Add) : binary_loop<Total, double, double>;
}

// What is done to every result when all inputs are in; empty where nothing is.
using Finish = std::function<void(void* y, std::int64_t n)>;

Finish finish_for(const PrepareContext& context) {
  if (context.node.op_type != "Mean") return {};
  const auto count = static_cast<double>(context.inputs.size());
  if (context.outputs[0].type == DataType::Float)
    return [loop = float_loop(context, BinaryKind::Div), count](void* y, std::int64_t n) {
      const auto divisor = static_cast<float>(count);
      loop(Inner::VectorScalar, y, &divisor, y, n);
    };
  return [count](void* y, std::int64_t n) {
    binary_loop<Quotient, double, double>(Inner::VectorScalar, y, &count, y, n);
  };
}

// Results are made a piece at a time in memory of the thread's own, so that the output may lie
// where any of the inputs does.
struct Plan {
  static constexpr std::int64_t kPiece = 2048;
  BinaryLoop loop;
  Finish finish;
  std::vector<BroadcastPlan>
      folds;  // [k]: of the result so far and input k + 1; k = 0: both inputs
  std::int64_t size = 0, width = 0;  // elements of the result, bytes of each
};

void run_piece(const Plan& plan, const RunContext& run, std::int64_t begin, std::int64_t end) {
  alignas(64) std::byte piece[Plan::kPiece * sizeof(double)];
  for (std::size_t k = 0; k < plan.folds.size(); ++k) {
    const BroadcastPlan& fold = plan.folds[k];
    const Inner inner = row_inner(fold);
    for (BroadcastWalk walk(fold, begin, end); walk.n > 0; walk.next()) {
      std::byte* const y = piece + (walk.out - begin) * plan.width;
      const std::byte* const a = k == 0 ? run.in<std::byte>(0) + walk.at[0] * plan.width : y;
      plan.loop(inner, a, run.in<std::byte>(k + 1) + walk.at[1] * plan.width, y, walk.n);
    }
  }
  if (plan.finish) plan.finish(piece, end - begin);
  std::memcpy(run.out<std::byte>(0) + begin * plan.width, piece,
              static_cast<std::size_t>((end - begin) * plan.width));
}

void infer_variadic(InferContext& context, DataTypes allowed) {
  context.expect_type(0, allowed);
  Shape dims = context.input(0).dims;
  for (std::size_t i = 1; i < context.input_count(); ++i) {
    context.expect_type(i, {context.type(0)});
    dims = broadcast(context.node, dims, context.input(i).dims);
  }
  context.set_output(0, context.type(0), dims);
}

void infer_order(InferContext& context) { infer_variadic(context, kNumericTypes); }
void infer_sum(InferContext& context) { infer_variadic(context, kFloatTypes); }

Kernel prepare_variadic(const PrepareContext& context) {
  // One input is the result already: its mean, sum and extremes.
  if (context.inputs.size() == 1)
    return unary_kernel(context, [width = element_size(context.inputs[0].type)](
                                     const void* x, void* y, std::int64_t n) {
      std::memmove(y, x, static_cast<std::size_t>(n) * width);
    });
  Plan plan;
  plan.loop = loop_for(context);
  plan.finish = finish_for(context);
  plan.width = static_cast<std::int64_t>(element_size(context.outputs[0].type));
  const bool blocked = context.outputs[0].layout == Layout::Blocked16;  // then so are all inputs
  const auto dims = [&](const TensorRef& x) {
    return blocked ? Shape{stored_elements(x)} : x.dims;
  };
  const Shape result = dims(context.outputs[0]);
  for (std::size_t i = 1; i < context.inputs.size(); ++i)
    plan.folds.emplace_back(result, std::vector<Shape>{i == 1 ? dims(context.inputs[0]) : result,
                                                       dims(context.inputs[i])});
  plan.size = plan.folds[0].size;
  Kernel kernel;
  kernel.run = [plan = std::move(plan)](RunContext& run) {
    run.parallel.ranges(plan.size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin; at < end; at += Plan::kPiece)
        run_piece(plan, run, at, std::min(at + Plan::kPiece, end));
    });
  };
  return kernel;
}

// Blocked where some input lies so and all have the dims of the result.
LayoutChoice variadic_layout(const LayoutQuery& query) {
  const LayoutChoice choice = broadcast_layout(query);
  for (const TensorType& input : query.inputs)
    if (!input.ranked || input.dims != query.outputs[0].dims || query.inputs.size() > 64) return {};
  for (const Dim dim : query.outputs[0].dims)
    if (dim == kUnknownDim) return {};
  return choice;
}

OpDef def_of(std::string_view name, decltype(OpDef::infer) infer) {
  OpDef def;
  def.name = name;
  def.infer = infer;
  def.prepare = prepare_variadic;
  def.layout = variadic_layout;
  def.in_place = true;
  def.half_through_float = true;
  return def;
}

}  // namespace

void variadic(OpTable& table) {
  table.add(def_of("Min", infer_order));
  table.add(def_of("Max", infer_order));
  table.add(def_of("Sum", infer_sum));
  table.add(def_of("Mean", infer_sum));
}

}  // namespace keel::ops
