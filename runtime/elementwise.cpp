#include "runtime/elementwise.h"

#include <algorithm>
#include <cstring>

#include "runtime/error.h"
#include "simd/kernel_table.h"

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

// Rows of plain operands, one of which is periodic: its row is written out often enough for the
// loop to run long.
void periodic_row(const BroadcastPlan& plan, const BroadcastWalk& walk, const BinaryLoop& loop,
                  const std::byte* const (&operands)[2], std::size_t width, std::byte* y,
                  std::size_t y_width) {
  constexpr std::size_t kBytes = 8192;
  alignas(64) std::byte repeated[kBytes];
  const auto period = static_cast<std::size_t>(plan.period) * width;
  const auto total = static_cast<std::size_t>(walk.n) * width;
  const std::size_t filled =
      std::min(kBytes / period * period, (total + period - 1) / period * period);
  const std::size_t phase = static_cast<std::size_t>(walk.phase) * width;
  const std::byte* const row = operands[plan.periodic] - phase;
  std::memcpy(repeated, row + phase, period - phase);
  std::memcpy(repeated + period - phase, row, phase);
  for (std::size_t have = period; have < filled; have *= 2)
    std::memcpy(repeated + have, repeated, std::min(have, filled - have));
  for (std::size_t at = 0; at < total; at += filled) {
    const std::byte* pair[2] = {repeated, repeated};
    pair[1 - plan.periodic] = operands[1 - plan.periodic] + at;
    const std::size_t n = std::min(filled, total - at) / width;
    loop(Inner::VectorVector, pair[0], pair[1], y + at / width * y_width,
         static_cast<std::int64_t>(n));
  }
}

BroadcastPlan plan_of(const PrepareContext& context) {
  const TensorRef &a = context.inputs[0], &b = context.inputs[1], &y = context.outputs[0];
  if (y.layout == Layout::Blocked16)
    return BroadcastPlan(group_dims(y), {group_dims(a), group_dims(b)});
  return BroadcastPlan(y.dims, {a.dims, aligned_operand(context.node, a.dims.size(), b.dims)});
}

// Of blocked tensors, groups of 16 channels take the place of elements.
Kernel blocked_binary_kernel(const PrepareContext& context, simd::BinaryKind kind) {
  const auto* const kernels = context.kernels.elementwise;
  const simd::Activation activation = context.node.epilogue.activation;
  const auto width = [](const TensorRef& tensor) {  // floats that one step of the plan passes
    return tensor.layout == Layout::Blocked16 ? kBlock : 1;
  };
  const std::int64_t a_width = width(context.inputs[0]), b_width = width(context.inputs[1]);
  Kernel kernel;
  kernel.run = [=, plan = plan_of(context)](RunContext& run) {
    const Inner inner = a_width < kBlock   ? Inner::ScalarVector
                        : b_width < kBlock ? Inner::VectorScalar
                                           : row_inner(plan);
    // A group of channels that meets every group of a row; else rows are plain runs of floats.
    const bool grouped = inner != Inner::VectorVector && a_width == kBlock && b_width == kBlock;
    run.parallel.ranges(
        plan.size, kElementwiseGrain / kBlock, [&](std::int64_t begin, std::int64_t end) {
          for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next()) {
            const float* const a = run.in<float>(0) + walk.at[0] * a_width;
            const float* const b = run.in<float>(1) + walk.at[1] * b_width;
            float* const y = run.out<float>(0) + walk.out * kBlock;
            if (grouped)
              kernels->binary_blocked(kind, inner, a, b, y, walk.n, kBlock, activation);
            else
              kernels->binary(kind, inner, a, b, y, walk.n * kBlock, activation);
          }
        });
  };
  return kernel;
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
  const std::size_t a_width = element_size(context.inputs[0].type),
                    b_width = element_size(context.inputs[1].type),
                    y_width = element_size(context.outputs[0].type);
  BroadcastPlan plan = plan_of(context);
  if (a_width == b_width && context.inputs[0].type != DataType::String) plan.merge_short_rows();
  Kernel kernel;
  kernel.run = [=, loop = std::move(loop), plan = std::move(plan)](RunContext& run) {
    const Inner inner = row_inner(plan);
    run.parallel.ranges(plan.size, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
      for (BroadcastWalk walk(plan, begin, end); walk.n > 0; walk.next()) {
        const std::byte* const operands[2] = {
            run.in<std::byte>(0) + static_cast<std::size_t>(walk.at[0]) * a_width,
            run.in<std::byte>(1) + static_cast<std::size_t>(walk.at[1]) * b_width};
        std::byte* const y = run.out<std::byte>(0) + static_cast<std::size_t>(walk.out) * y_width;
        if (plan.period != 0)
          periodic_row(plan, walk, loop, operands, a_width, y, y_width);
        else
          loop(inner, operands[0], operands[1], y, walk.n);
      }
    });
  };
  return kernel;
}

Kernel float_binary_kernel(const PrepareContext& context, simd::BinaryKind kind) {
  if (context.outputs[0].layout == Layout::Blocked16) return blocked_binary_kernel(context, kind);
  const simd::Activation activation = context.node.epilogue.activation;
  return binary_kernel(
      context, [kind, activation, kernels = context.kernels.elementwise](
                   Inner inner, const void* a, const void* b, void* y, std::int64_t n) {
        kernels->binary(kind, inner, static_cast<const float*>(a), static_cast<const float*>(b),
                        static_cast<float*>(y), n, activation);
      });
}

void refuse_epilogue(const Node& node) {
  if (!node.epilogue.empty())
    node.fail(ErrorCode::Unsupported, "an epilogue is only supported on float");
}

}  // namespace keel
