// keel.Attention: Y = softmax(scale * Q * K + mask) * V over matrices Q [T, D], K [D, S], V [S, E],
// mask broadcast to [T, S] (optional), for every batch and head. The scores of a block of rows live
// and die in the scratch of one thread.
//
// perm_q, perm_k, perm_v say in which order the axes of an input make [batch..., row, column];
// perm_y in which order those of [batch..., T, E] make Y: the Transposes around attention cost
// nothing. Float only; where the precision allows it, both products are of bfloat16.
#include "simd/attention.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"
#include "simd/gemm.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

constexpr std::size_t kQ = 0, kK = 1, kV = 2, kMask = 3;
constexpr std::int64_t kMostRows =
    256;  // of a block: enough that packing K and V is little beside it

std::vector<std::int64_t> perm_of(const Node& node, const char* name, std::size_t rank) {
  std::vector<std::int64_t> perm = node.ints_or(name, {});
  std::vector<bool> seen(rank, false);
  for (std::int64_t axis : perm) {
    const auto i = static_cast<std::size_t>(axis);
    if (axis < 0 || i >= rank || seen[i]) node.fail_attribute(name, "expected a permutation");
    seen[i] = true;
  }
  if (perm.size() != rank) node.fail_attribute(name, str("expected ", rank, " axes"));
  return perm;
}

Shape permuted(const Shape& dims, const std::vector<std::int64_t>& perm) {
  Shape result;
  for (std::int64_t axis : perm) result.push_back(dims[static_cast<std::size_t>(axis)]);
  return result;
}

// Dims of the result before perm_y, from those of Q, K and V after theirs.
Shape result_dims(const Node& node, const Shape& q, const Shape& k, const Shape& v) {
  const std::size_t batch = q.size() - 2;
  const auto clash = [](Dim a, Dim b) { return a >= 0 && b >= 0 && a != b; };
  if (clash(q[batch + 1], k[batch]) || clash(k[batch + 1], v[batch]))
    node.fail(ErrorCode::BadInput, "Q " + to_string(q) + ", K " + to_string(k) + " and V " +
                                       to_string(v) + " do not multiply");
  const auto first = [&](const Shape& dims) { return Shape(dims.begin(), dims.end() - 2); };
  Shape y = broadcast(node, broadcast(node, first(q), first(k)), first(v));
  y.push_back(q[batch]);
  y.push_back(v[batch + 1]);
  return y;
}

// Every axis of the mask is 1 or that of the scores, [batch..., T, S].
void expect_mask(const InferContext& context, Shape scores) {
  const Shape& mask = context.input(kMask).dims;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const Dim dim = mask[i], wanted = scores[scores.size() - mask.size() + i];
    if (dim >= 0 && dim != 1 && wanted >= 0 && dim != wanted)
      context.node.fail(
          ErrorCode::BadInput,
          "mask " + to_string(mask) + " does not broadcast to scores " + to_string(scores));
  }
}

void infer_attention(InferContext& context) {
  const std::int64_t rank = context.rank(kQ);
  for (std::size_t i : {kQ, kK, kV}) {
    context.expect_type(i, {DataType::Float});
    context.expect_rank(i, std::max<std::int64_t>(rank, 2), std::max<std::int64_t>(rank, 2));
  }
  if (context.has_input(kMask)) {
    context.expect_type(kMask, {DataType::Float});
    context.expect_rank(kMask, 0, rank);
  }
  const auto size = static_cast<std::size_t>(rank);
  const auto dims = [&](std::size_t i, const char* perm) {
    return permuted(context.input(i).dims, perm_of(context.node, perm, size));
  };
  const Shape k = dims(kK, "perm_k");
  const Shape y = result_dims(context.node, dims(kQ, "perm_q"), k, dims(kV, "perm_v"));
  if (context.has_input(kMask)) {
    Shape scores = y;
    scores.back() = k.back();
    expect_mask(context, std::move(scores));
  }
  context.set_output(0, DataType::Float, permuted(y, perm_of(context.node, "perm_y", size)));
}

// An operand by the steps of its axes, 0 where it is repeated; the last two are row and column.
struct Operand {
  Shape steps;
  std::int64_t row() const { return steps[steps.size() - 2]; }
  std::int64_t column() const { return steps.back(); }
  // Of the matrix of batch number i.
  std::int64_t offset(const Shape& dims, std::int64_t i) const {
    std::int64_t at = 0;
    for (std::size_t axis = dims.size() - 2; axis-- > 0; i /= dims[axis])
      at += i % dims[axis] * steps[axis];
    return at;
  }
};

Operand operand(const Shape& stored, const std::vector<std::int64_t>& perm) {
  const Shape strides = strides_of(stored);
  Operand result;
  for (std::int64_t axis : perm) {
    const auto i = static_cast<std::size_t>(axis);
    result.steps.push_back(stored[i] == 1 ? 0 : strides[i]);
  }
  return result;
}

Operand mask_operand(const Shape& stored, std::size_t rank) {
  const Shape strides = strides_of(stored);
  Operand result{Shape(rank, 0)};
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (stored[i] != 1) result.steps[rank - stored.size() + i] = strides[i];
  return result;
}

struct Attention {
  const simd::GemmKernels* gemm;
  const simd::Bf16AttentionKernels* bf16;  // null: products of floats
  Shape dims;                              // of the result before perm_y
  std::int64_t t, s, d, e, rows, batches;
  Operand q, k, v, y, mask;
  bool has_mask;
  float scale;
  std::int64_t packed_k, packed_v;  // floats of scratch, in this order, attend's own behind

  void operator()(RunContext& run) const {
    const std::int64_t blocks = (t + rows - 1) / rows;
    if (e == 0) return;
    run.parallel.chunks(batches * blocks, [&](std::int64_t chunk, int thread) {
      auto* scratch = reinterpret_cast<float*>(run.scratch(thread));
      run_block(run, chunk / blocks, chunk % blocks * rows, scratch);
    });
  }

  // Floats of a packed B, a multiple of 64 bytes.
  std::int64_t packed_size(std::int64_t depth, std::int64_t width) const {
    if (bf16 != nullptr) return bf16->packed_size(depth, width) / std::int64_t{sizeof(float)};
    return (gemm->packed_b_size(depth, width) + 15) / 16 * 16;
  }

  std::int64_t attend_scratch() const {
    return bf16 != nullptr ? bf16->scratch(d, s) : gemm->attention_scratch(d, s);
  }

  // B packed into `to`; b(i, j) at b + i * row + j * column.
  void pack(const float* b, std::int64_t row, std::int64_t column, std::int64_t depth,
            std::int64_t width, float* to) const {
    if (bf16 != nullptr) return bf16->pack(b, row, column, depth, width, to);
    gemm->pack_b(b, row, column, depth, width, 0, (width + gemm->panel - 1) / gemm->panel, to);
  }

  void run_block(RunContext& run, std::int64_t batch, std::int64_t first, float* scratch) const {
    float *k_panels = scratch, *v_panels = k_panels + packed_k;
    pack(run.in<float>(kK) + k.offset(dims, batch), k.row(), k.column(), d, s, k_panels);
    pack(run.in<float>(kV) + v.offset(dims, batch), v.row(), v.column(), s, e, v_panels);
    simd::AttentionArgs args;
    args.rows = std::min(rows, t - first);
    args.depth = d;
    args.keys = s;
    args.columns = e;
    args.q = run.in<float>(kQ) + q.offset(dims, batch) + first * q.row();
    args.q_row = q.row();
    args.q_column = q.column();
    args.k = k_panels;
    args.v = v_panels;
    args.scale = scale;
    if (has_mask) {
      args.mask = run.in<float>(kMask) + mask.offset(dims, batch) + first * mask.row();
      args.mask_row = mask.row();
      args.mask_column = mask.column();
    }
    args.y = run.out<float>(0) + y.offset(dims, batch) + first * y.row();
    args.y_row = y.row();
    const auto attend = bf16 != nullptr ? bf16->attend : gemm->attend;
    attend(args, v_panels + packed_v);
  }
};

Kernel prepare_attention(const PrepareContext& context) {
  const Node& node = context.node;
  const std::size_t rank = context.inputs[kQ].dims.size();
  const auto perm = [&](const char* name) { return perm_of(node, name, rank); };
  const Shape q = permuted(context.inputs[kQ].dims, perm("perm_q"));
  const Shape k = permuted(context.inputs[kK].dims, perm("perm_k"));
  const Shape v = permuted(context.inputs[kV].dims, perm("perm_v"));
  Attention a;
  const simd::Bf16AttentionKernels& bf16 = *context.kernels.bf16_attention;
  a.gemm = context.kernels.gemm;
  a.bf16 = context.precision == Precision::Bf16 && bf16.unit != nullptr ? &bf16 : nullptr;
  a.dims = result_dims(node, q, k, v);
  a.t = q[rank - 2];
  a.d = q[rank - 1];
  a.s = k[rank - 1];
  a.e = v[rank - 1];
  a.batches = product(a.dims, 0, rank - 2);
  const std::int64_t blocks = (a.t + kMostRows - 1) / kMostRows;
  a.rows = blocks > 0 ? (a.t + blocks - 1) / blocks : 1;
  a.q = operand(context.inputs[kQ].dims, perm("perm_q"));
  a.k = operand(context.inputs[kK].dims, perm("perm_k"));
  a.v = operand(context.inputs[kV].dims, perm("perm_v"));
  a.y.steps.resize(rank);
  const std::vector<std::int64_t> perm_y = perm("perm_y");
  const Shape strides = strides_of(permuted(a.dims, perm_y));
  for (std::size_t i = 0; i < rank; ++i)
    a.y.steps[static_cast<std::size_t>(perm_y[i])] = strides[i];
  a.has_mask = context.has_input(kMask);
  a.mask = mask_operand(a.has_mask ? context.inputs[kMask].dims : Shape{}, rank);
  a.scale = node.float_or("scale", 1.0f);
  a.packed_k = a.packed_size(a.d, a.s);
  a.packed_v = a.packed_size(a.s, a.e);
  Kernel kernel;
  kernel.name = a.bf16 != nullptr ? str("attention bf16 ", a.bf16->unit) : "attention";
  kernel.flops = 2.0 * static_cast<double>(a.batches) * static_cast<double>(a.t) *
                 static_cast<double>(a.s) * static_cast<double>(a.d + a.e);
  kernel.scratch_per_thread =
      static_cast<std::size_t>(a.packed_k + a.packed_v + a.attend_scratch()) * sizeof(float);
  kernel.run = std::move(a);
  return kernel;
}

}  // namespace

void attention(OpTable& table) {
  OpDef def;
  def.domain = "keel";
  def.name = "Attention";
  def.infer = infer_attention;
  def.prepare = prepare_attention;
  table.add(def);
}

}  // namespace keel::ops
