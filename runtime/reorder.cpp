#include "runtime/reorder.h"

#include <algorithm>

#include "simd/kernel_table.h"
#include "simd/layout.h"

namespace keel {
namespace {

// body(image, first channel, channels) for every block of 16 channels, in parallel.
template <typename Body>
void for_each_block(Parallel& parallel, const Shape& dims, const Body& body) {
  const std::int64_t blocks = (dims[1] + kBlock - 1) / kBlock;
  parallel.chunks(dims[0] * blocks, [&](std::int64_t chunk, int) {
    const std::int64_t channel = chunk % blocks * kBlock;
    body(chunk / blocks, channel, std::min(kBlock, dims[1] - channel));
  });
}

struct Reordered {
  std::size_t index;   // of the input or output
  std::size_t offset;  // of its plain copy in shared scratch
};

// The blocked ones of `tensors`, each with room behind `total`, and turned into plain ones.
std::vector<Reordered> reserve_blocked(std::vector<TensorRef>& tensors, std::size_t& total) {
  std::vector<Reordered> reordered;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].layout == Layout::Plain) continue;
    tensors[i].layout = Layout::Plain;
    tensors[i].data = nullptr;
    reordered.push_back({i, total});
    total += align64(storage_bytes(tensors[i].type, tensors[i].dims, Layout::Plain));
  }
  return reordered;
}

struct InPlain {
  std::function<void(RunContext&)> run;
  std::vector<Reordered> inputs, outputs;
  const simd::KernelTable* kernels;

  void operator()(RunContext& context) const {
    const std::size_t in_count = context.node.inputs.size();
    const std::size_t out_count = context.node.outputs.size();
    std::vector<const TensorRef*> in(context.inputs, context.inputs + in_count);
    std::vector<TensorRef*> out(context.outputs, context.outputs + out_count);
    std::vector<TensorRef> plain_in(inputs.size()), plain_out(outputs.size());
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const TensorRef& blocked = context.input(inputs[k].index);
      auto* plain = reinterpret_cast<float*>(context.shared_scratch + inputs[k].offset);
      from_blocked(context.parallel, *kernels, blocked.dims, blocked.as<float>(), plain);
      plain_in[k] = {blocked.type, Layout::Plain, blocked.dims, plain};
      in[inputs[k].index] = &plain_in[k];
    }
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const TensorRef& blocked = context.output(outputs[k].index);
      plain_out[k] = {blocked.type, Layout::Plain, blocked.dims,
                      context.shared_scratch + outputs[k].offset};
      out[outputs[k].index] = &plain_out[k];
    }
    RunContext plain = context;
    plain.inputs = in.data();
    plain.outputs = out.data();
    run(plain);
    for (std::size_t k = 0; k < outputs.size(); ++k)
      to_blocked(context.parallel, *kernels, plain_out[k].dims, plain_out[k].as<float>(),
                 context.output(outputs[k].index).as<float>());
  }
};

}  // namespace

void to_blocked(Parallel& parallel, const simd::KernelTable& kernels, const Shape& dims,
                const float* x, float* y) {
  const std::int64_t spatial = product(dims, 2, dims.size());
  const std::int64_t image = (dims[1] + kBlock - 1) / kBlock * kBlock * spatial;
  for_each_block(parallel, dims, [&](std::int64_t n, std::int64_t c, std::int64_t channels) {
    kernels.layout->to_blocked(x + (n * dims[1] + c) * spatial, y + n * image + c * spatial,
                               channels, spatial);
  });
}

void from_blocked(Parallel& parallel, const simd::KernelTable& kernels, const Shape& dims,
                  const float* x, float* y) {
  const std::int64_t spatial = product(dims, 2, dims.size());
  const std::int64_t image = (dims[1] + kBlock - 1) / kBlock * kBlock * spatial;
  for_each_block(parallel, dims, [&](std::int64_t n, std::int64_t c, std::int64_t channels) {
    kernels.layout->from_blocked(x + n * image + c * spatial, y + (n * dims[1] + c) * spatial,
                                 channels, spatial);
  });
}

Kernel prepare_in_plain(const PrepareContext& context, Kernel (*prepare)(const PrepareContext&)) {
  std::vector<TensorRef> inputs = context.inputs, outputs = context.outputs;
  std::size_t total = 0;
  std::vector<Reordered> in = reserve_blocked(inputs, total), out = reserve_blocked(outputs, total);
  if (in.empty() && out.empty()) return prepare(context);
  std::vector<std::shared_ptr<const Tensor>> constants = context.constants;
  for (const Reordered& input : in)
    if (input.index < constants.size()) constants[input.index] = nullptr;
  const PrepareContext plain{context.node,    inputs,          outputs,           constants,
                             context.kernels, context.threads, context.precision, context.packs};
  Kernel kernel = prepare(plain);
  // The inner kernel finds its own scratch first.
  const std::size_t own = align64(kernel.scratch_shared);
  for (Reordered& input : in) input.offset += own;
  for (Reordered& output : out) output.offset += own;
  kernel.scratch_shared = own + total;
  kernel.run = InPlain{std::move(kernel.run), std::move(in), std::move(out), &context.kernels};
  return kernel;
}

}  // namespace keel
