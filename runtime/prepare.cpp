#include "runtime/prepare.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/half.h"

namespace keel {
namespace {

bool is_half(DataType type) { return type == DataType::Float16 || type == DataType::BFloat16; }

constexpr std::size_t align64(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

Tensor widened(const Tensor& tensor) {
  Tensor result(DataType::Float, tensor.shape());
  widen(tensor.type(), tensor.data(), result.data_as<float>(), tensor.size());
  return result;
}

constexpr std::int64_t kGrain = 32 * 1024;  // elements that a thread converts at a time

void widen_all(Parallel& parallel, const TensorRef& from, float* to) {
  parallel.ranges(from.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    widen(from.type, from.as<std::uint16_t>() + begin, to + begin, end - begin);
  });
}

void narrow_all(Parallel& parallel, const float* from, const TensorRef& to) {
  parallel.ranges(to.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    narrow(to.type, from + begin, to.as<std::uint16_t>() + begin, end - begin);
  });
}

// The float kernel between a widening of the inputs and a rounding of the outputs, both in scratch
// behind the kernel's own.
Kernel half_kernel(const OpDef& op, const PrepareContext& context) {
  std::vector<TensorRef> inputs = context.inputs, outputs = context.outputs;
  std::vector<std::shared_ptr<const Tensor>> constants = context.constants;
  std::vector<DataType> input_types, output_types;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    input_types.push_back(inputs[i].type);
    if (!is_half(inputs[i].type)) continue;
    inputs[i].type = DataType::Float;
    if (i < constants.size() && constants[i] != nullptr) {
      if (is_dropped(*constants[i])) throw ConstantDropped();
      constants[i] = std::make_shared<const Tensor>(widened(*constants[i]));
      inputs[i].data = const_cast<void*>(constants[i]->data());
    }
  }
  for (TensorRef& output : outputs) {
    output_types.push_back(output.type);
    if (is_half(output.type)) output.type = DataType::Float;
  }
  const PrepareContext wide{context.node,    inputs,          outputs,           constants,
                            context.kernels, context.threads, context.precision, context.packs};
  Kernel kernel = op.prepare(wide);
  for (std::size_t i = 0; i < constants.size(); ++i)
    if (constants[i] != nullptr && i < 64 && (kernel.packed_inputs >> i & 1) != 0)
      constants[i] = dropped_form(*constants[i]);
  const std::size_t own = align64(kernel.scratch_shared);
  std::size_t total = own;
  const auto reserve = [&](const TensorRef& tensor, DataType stored) {
    const std::size_t at = total;
    if (is_half(stored))
      total += align64(storage_bytes(DataType::Float, tensor.dims, Layout::Plain));
    return at;
  };
  std::vector<std::size_t> input_at, output_at;
  constants.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    input_at.push_back(constants[i] != nullptr ? 0 : reserve(inputs[i], input_types[i]));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    output_at.push_back(reserve(outputs[i], output_types[i]));
  kernel.scratch_shared = total;
  kernel.run = [run = std::move(kernel.run), input_types, output_types, input_at, output_at,
                constants](RunContext& context) {
    std::vector<TensorRef> in(input_types.size()), out(output_types.size());
    std::vector<const TensorRef*> in_ptr(in.size(), nullptr);
    std::vector<TensorRef*> out_ptr(out.size(), nullptr);
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!context.has_input(i)) continue;
      in[i] = context.input(i);
      in_ptr[i] = &in[i];
      if (!is_half(input_types[i])) continue;
      if (constants[i] != nullptr) {
        in[i] = ref(*constants[i]);
        continue;
      }
      auto* wide = reinterpret_cast<float*>(context.shared_scratch + input_at[i]);
      widen_all(context.parallel, in[i], wide);
      in[i].type = DataType::Float;
      in[i].data = wide;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!context.has_output(i)) continue;
      out[i] = context.output(i);
      out_ptr[i] = &out[i];
      if (!is_half(output_types[i])) continue;
      out[i].type = DataType::Float;
      out[i].data = context.shared_scratch + output_at[i];
    }
    RunContext wide = context;
    wide.inputs = in_ptr.data();
    wide.outputs = out_ptr.data();
    run(wide);
    for (std::size_t i = 0; i < out.size(); ++i)
      if (context.has_output(i) && is_half(output_types[i]))
        narrow_all(context.parallel, out[i].as<float>(), context.output(i));
  };
  return kernel;
}

}  // namespace

std::vector<TensorType> infer_node(const Node& node, std::vector<InferContext::Input> inputs) {
  const OpDef& op = op_of(node);
  const bool ranked = std::all_of(inputs.begin(), inputs.end(), [&](const auto& input) {
    const auto i = static_cast<std::size_t>(&input - inputs.data());
    return !node.has_input(i) || input.type.ranked;
  });
  if (!ranked) return std::vector<TensorType>(node.outputs.size());
  InferContext context(node, std::move(inputs));
  try {
    op.infer(context);
  } catch (const Error& error) {
    throw with_node(error, node.name, node.op_type);
  }
  return context.outputs();
}

Kernel prepare_node(const OpDef& op, const PrepareContext& context) {
  try {
    const auto half = [](const TensorRef& tensor) { return is_half(tensor.type); };
    const bool any = std::any_of(context.inputs.begin(), context.inputs.end(), half) ||
                     std::any_of(context.outputs.begin(), context.outputs.end(), half);
    Kernel kernel = any && op.half_through_float ? half_kernel(op, context) : op.prepare(context);
    for (std::size_t i = 0; i < context.constants.size(); ++i) {
      const bool gone = context.constants[i] != nullptr && is_dropped(*context.constants[i]);
      const bool packed = i < 64 && (kernel.packed_inputs >> i & 1) != 0;
      if (gone && !packed && !op.shape_only) throw ConstantDropped();
    }
    return kernel;
  } catch (const Error& error) {
    throw with_node(error, context.node.name, context.node.op_type);
  }
}

void run_node(const Kernel& kernel, RunContext& context) {
  try {
    kernel.run(context);
  } catch (const Error& error) {
    throw with_node(error, context.node.name, context.node.op_type);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::ResourceLimit, "out of memory", context.node.name, context.node.op_type);
  }
}

}  // namespace keel
