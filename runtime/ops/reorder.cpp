// keel.Reorder: a float tensor in the layout of its output. Attribute `rank`: the dims of the
// input are padded with leading ones to that rank, so that a per-channel constant [C, 1, 1] can
// stand beside blocked tensors as [1, C, 1, 1].
#include "runtime/reorder.h"

#include <algorithm>
#include <cstring>

#include "runtime/infer_checks.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

void infer_reorder(InferContext& context) {
  Shape dims = context.input(0).dims;
  constexpr std::int64_t kHighestRank = 32;
  const std::int64_t rank = int_attribute(context.node, "rank", context.rank(0), context.rank(0),
                                          std::max(kHighestRank, context.rank(0)));
  dims.insert(dims.begin(), static_cast<std::size_t>(rank) - dims.size(), 1);
  context.set_output(0, context.type(0), std::move(dims));
}

Kernel prepare_reorder(const PrepareContext& context) {
  const Layout from = context.inputs[0].layout, to = context.outputs[0].layout;
  const simd::KernelTable* kernels = &context.kernels;
  Kernel kernel;
  if (from == to) {
    kernel.name = "copy";
    kernel.run = [](RunContext& run) {
      const TensorRef& x = run.input(0);
      const std::size_t bytes = storage_bytes(x.type, x.dims, x.layout);
      if (bytes > 0) std::memcpy(run.output(0).data, x.data, bytes);
    };
  } else if (to == Layout::Blocked16) {
    kernel.name = "to NCHW16c";
    kernel.run = [kernels](RunContext& run) {
      to_blocked(run.parallel, *kernels, run.output(0).dims, run.in<float>(0), run.out<float>(0));
    };
  } else {
    kernel.name = "from NCHW16c";
    kernel.run = [kernels](RunContext& run) {
      from_blocked(run.parallel, *kernels, run.input(0).dims, run.in<float>(0), run.out<float>(0));
    };
  }
  return kernel;
}

}  // namespace

void reorder(OpTable& table) {
  OpDef def;
  def.domain = "keel";
  def.name = "Reorder";
  def.infer = infer_reorder;
  def.prepare = prepare_reorder;
  table.add(def);
}

}  // namespace keel::ops
