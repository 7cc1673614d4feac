#include "runtime/elementwise.h"

#include <algorithm>

#include "runtime/error.h"

namespace keel {
namespace {

using simd::Inner;

bool is_single(const Shape& dims) {
  return std::all_of(dims.begin(), dims.end(), [](Dim dim) { return dim == 1; });
}

// Sizes of a blocked operand counted in groups of 16 channels; of a plain one, a single element,
// nothing.
Shape group_dims(const TensorRef& tensor) {
  if (tensor.layout == Layout::Plain) return {};
  Shape dims = tensor.dims;
  dims[1] = (dims[1] + kBlock - 1) / kBlock;
  return dims;
}

BroadcastPlan plan_of(const PrepareContext& context) {
  const TensorRef &a = context.inputs[0], &b = context.inputs[1], &y = context.outputs[0];
  if (y.layout == Layout::Blocked16)
    return BroadcastPlan(group_dims(y), {group_dims(a), group_dims(b)});
  return BroadcastPlan(y.dims, {a.dims, aligned_operand(context.node, a.dims.size(), b.dims)});
}

}  // namespace

Inner row_inner(const BroadcastPlan& plan) {
  if (plan.inner == 1) return Inner::VectorVector;
  if (plan.steps[0] == 0) return Inner::ScalarVector;
  return plan.steps[1] == 0 ? Inner::VectorScalar : Inner::VectorVector;
}

void infer_unary(InferContext& context, DataTypes allowed) {
  context.expect_type(0, allowed);
  context.set_output(0, context.type(0), context.input(0).dims);
}

void infer_binary(InferContext& context, DataTypes allowed, DataType result) {
  context.expect_type(0, allowed);
  context.expect_type(1, {context.type(0)});
  const Shape& a = context.input(0).dims;
  const Shape b = aligned_operand(context.node, a.size(), context.input(1).dims);
  context.set_output(0, result == DataType::Undefined ? context.type(0) : result,
                     broadcast(context.node, a, b));
}

LayoutChoice unary_layout(const LayoutQuery& query) {
  LayoutChoice choice;
  if ((query.blocked_inputs & 1) != 0) choice.blocked_inputs = choice.blocked_outputs = 1;
  return choice;
}

LayoutChoice broadcast_layout(const LayoutQuery& query) {
  const TensorType& result = query.outputs[0];
  if (query.blocked_inputs == 0 || !can_block(result)) return {};
  LayoutChoice choice;
  for (std::size_t i = 0; i < query.inputs.size(); ++i) {
    const TensorType& input = query.inputs[i];
    if (!input.ranked) return {};
    if (is_single(input.dims)) continue;
    const std::int64_t missing = result.rank() - input.rank();
    const bool channels = missing <= 1 && input.dims[1 - missing] == result.dims[1];
    const bool blocked = (query.blocked_inputs >> i & 1) != 0;
    if (!channels || (missing != 0 && (blocked || query.node.has("axis")))) return {};
    choice.blocked_inputs |= decltype(choice.blocked_inputs){1} << i;
  }
  if (choice.blocked_inputs == 0) return {};
  choice.blocked_outputs = 1;
  return choice;
}

std::int64_t stored_elements(const TensorRef& tensor) {
  return static_cast<std::int64_t>(storage_bytes(tensor.type, tensor.dims, tensor.layout) /
                                   element_size(tensor.type));
}

Kernel unary_kernel(const PrepareContext& context, UnaryLoop loop) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  const std::size_t x_bytes = element_size(x.type), y_bytes = element_size(y.type);
  const std::int64_t size = stored_elements(x);
  Kernel kernel;
  kernel.run = [loop = std::move(loop), x_bytes, y_bytes, size](RunContext& run) {
    run.parallel.ranges(size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
      loop(run.in<std::byte>(0) + static_cast<std::size_t>(begin) * x_bytes,
           run.out<std::byte>(0) + static_cast<std::size_t>(begin) * y_bytes, end - begin);
    });
  };
  return kernel;
}

Kernel binary_kernel(const PrepareContext& context, BinaryLoop loop) {
  const auto bytes = [](const TensorRef& tensor) {
    return static_cast<std::int64_t>(element_size(tensor.type));
  };
  const std::int64_t a_bytes = bytes(context.inputs[0]), b_bytes = bytes(context.inputs[1]),
                     y_bytes = bytes(context.outputs[0]);
  Kernel kernel;
  kernel.run = [loop = std::move(loop), plan = plan_of(context), a_bytes, b_bytes,
                y_bytes](RunContext& run) {
    const Inner inner = row_inner(plan);
    run.parallel.ranges(plan.size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
      for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next())
        loop(inner, run.in<std::byte>(0) + walk.at[0] * a_bytes,
             run.in<std::byte>(1) + walk.at[1] * b_bytes,
             run.out<std::byte>(0) + walk.out * y_bytes, walk.n);
    });
  };
  return kernel;
}

Kernel float_binary_kernel(const PrepareContext& context, simd::BinaryKind kind) {
  const auto* const kernels = context.kernels.elementwise;
  const simd::Activation activation = context.node.epilogue.activation;
  const auto width = [](const TensorRef& tensor) {  // floats that one step of the plan passes
    return tensor.layout == Layout::Blocked16 ? kBlock : 1;
  };
  const std::int64_t a_width = width(context.inputs[0]), b_width = width(context.inputs[1]),
                     y_width = width(context.outputs[0]);
  Kernel kernel;
  kernel.run = [=, plan = plan_of(context)](RunContext& run) {
    const Inner inner = a_width < y_width   ? Inner::ScalarVector
                        : b_width < y_width ? Inner::VectorScalar
                                            : row_inner(plan);
    // A group of channels that meets every group of a row; else rows are plain runs of floats.
    const bool grouped = inner != Inner::VectorVector && a_width == kBlock && b_width == kBlock;
    const std::int64_t grain = kElementwiseGrain / y_width;
    run.parallel.ranges(plan.size, grain, [&](std::int64_t begin, std::int64_t end) {
      for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next()) {
        const float* const a = run.in<float>(0) + walk.at[0] * a_width;
        const float* const b = run.in<float>(1) + walk.at[1] * b_width;
        float* const y = run.out<float>(0) + walk.out * y_width;
        if (grouped)
          kernels->binary_blocked(kind, inner, a, b, y, walk.n, kBlock, activation);
        else
          kernels->binary(kind, inner, a, b, y, walk.n * y_width, activation);
      }
    });
  };
  return kernel;
}

void refuse_epilogue(const Node& node) {
  if (!node.epilogue.empty())
    node.fail(ErrorCode::Unsupported, "an epilogue is only supported on float");
}

}  // namespace keel
