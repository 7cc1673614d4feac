// One node on given tensors: constant folding, and tests of single operators.
#include <cstdlib>
#include <cstring>
#include <new>

#include "runtime/error.h"
#include "runtime/memory_block.h"
#include "runtime/prepare.h"
#include "simd/dispatch.h"

namespace keel {
namespace {

std::shared_ptr<std::byte> scratch(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  auto* data = static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  if (data == nullptr) throw std::bad_alloc();
  return std::shared_ptr<std::byte>(data, std::free);
}

// Large results are weights most often, in other words than the model's.
Tensor result_of(DataType type, const Shape& dims) {
  constexpr std::size_t kLarge = 1 << 20;
  const bool large = type != DataType::String && storage_bytes(type, dims, Layout::Plain) >= kLarge;
  return large ? weight_tensor(type, dims) : Tensor(type, dims);
}

Tensor view_of(const Tensor& input, const Shape& dims) {
  Tensor result = result_of(input.type(), dims);
  if (input.type() == DataType::String)
    for (std::int64_t i = 0; i < input.size(); ++i)
      result.data_as<std::string>()[i] = input.data_as<std::string>()[i];
  else if (input.byte_size() > 0)
    std::memcpy(result.data(), input.data(), input.byte_size());
  return result;
}

}  // namespace

std::vector<Tensor> evaluate(const Node& node, const std::vector<const Tensor*>& inputs) {
  const OpDef& op = op_of(node);
  std::vector<InferContext::Input> types(node.inputs.size());
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    if (node.has_input(i)) types[i] = {{inputs[i]->type(), true, inputs[i]->shape()}, inputs[i]};
  const std::vector<TensorType> outputs = infer_node(node, types);

  std::vector<Tensor> results(node.outputs.size());
  PrepareContext prepare{node, {}, {}, {}, simd::select()};
  // Nothing is gained by transforming weights for one use.
  prepare.precision = Precision::Strict;
  std::vector<TensorRef> refs(node.inputs.size()), out_refs(node.outputs.size());
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.has_input(i)) refs[i] = ref(*inputs[i]);
    prepare.constants.push_back(node.has_input(i) ? std::make_shared<const Tensor>(*inputs[i])
                                                  : nullptr);
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.has_output(i)) continue;
    out_refs[i] = {outputs[i].type, Layout::Plain, outputs[i].dims, nullptr};
    if (!outputs[i].is_static()) continue;
    results[i] = op.view && i == 0 ? view_of(*inputs[0], outputs[0].dims)
                                   : result_of(outputs[i].type, outputs[i].dims);
    out_refs[i].data = results[i].data();
  }
  if (op.view) return results;
  prepare.inputs = refs;
  prepare.outputs = out_refs;
  const Kernel kernel = prepare_node(op, prepare);

  const auto shared = scratch(kernel.scratch_shared), own = scratch(kernel.scratch_per_thread);
  std::vector<const TensorRef*> in_ptr(refs.size(), nullptr);
  std::vector<TensorRef*> out_ptr(out_refs.size(), nullptr);
  for (std::size_t i = 0; i < refs.size(); ++i)
    if (node.has_input(i)) in_ptr[i] = &refs[i];
  for (std::size_t i = 0; i < out_refs.size(); ++i)
    if (node.has_output(i)) out_ptr[i] = &out_refs[i];
  Parallel serial(1, nullptr, false);
  RunContext run{node,
                 in_ptr.data(),
                 out_ptr.data(),
                 serial,
                 shared.get(),
                 own.get(),
                 kernel.scratch_per_thread,
                 nullptr};
  run.allocate_output = [&](std::size_t i, const Shape& dims) {
    results[i] = Tensor(out_refs[i].type, dims);
    out_refs[i].dims = dims;
    out_refs[i].data = results[i].data();
  };
  run_node(kernel, run);
  return results;
}

}  // namespace keel
