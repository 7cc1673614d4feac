// Einsum: y[output labels] = sum over the other labels of the product of the operands.
//
// Operands are first brought into the order [labels of the result, summed labels], so that a sum
// runs along contiguous memory.
#include <algorithm>

#include "runtime/dims.h"
#include "runtime/einsum_equation.h"
#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

// The size of every label; 1 broadcasts.
template <typename DimsOf>
Shape label_sizes(const Node& node, const EinsumLabels& labels, const DimsOf& dims_of) {
  Shape sizes(static_cast<std::size_t>(labels.labels), 1);
  for (std::size_t i = 0; i < labels.operands.size(); ++i)
    for (std::size_t k = 0; k < labels.operands[i].size(); ++k) {
      Dim& size = sizes[static_cast<std::size_t>(labels.operands[i][k])];
      const Dim dim = dims_of(i)[k];
      if (dim == 1 || dim == size) continue;
      if (size >= 0 && size != 1 && dim >= 0)
        node.fail(ErrorCode::BadInput, str("operand ", i, ": axis ", k, ": expected size ", size,
                                           " as before, got ", dim));
      if (size == 1 || dim >= 0) size = dim;
    }
  return sizes;
}

void infer(InferContext& context) {
  std::vector<std::int64_t> ranks;
  for (std::size_t i = 0; i < context.input_count(); ++i) {
    context.expect_type(i, {DataType::Float, DataType::Double, DataType::Int32, DataType::Int64,
                            DataType::Float16, DataType::BFloat16});
    context.expect_type(i, {context.type(0)});
    ranks.push_back(context.rank(i));
  }
  const EinsumLabels labels = read_einsum(context.node, ranks);
  Shape sizes = label_sizes(context.node, labels,
                            [&](std::size_t i) -> const Shape& { return context.input(i).dims; });
  sizes.resize(static_cast<std::size_t>(labels.outputs));
  context.set_output(0, context.type(0), std::move(sizes));
}

struct Operand {
  StridedCopy copy;        // into its own order
  std::int64_t bytes = 0;  // of the copy
  Shape output_strides;    // by label of the result
  Shape sum_strides;       // by summed label; of the copy
};

struct Plan {
  Shape output_sizes, sum_sizes;
  std::vector<Operand> operands;
};

Operand make_operand(const TensorRef& x, const std::vector<int>& labels, const Shape& sizes,
                     std::size_t outputs) {
  const Shape strides = strides_of(x.dims);
  Shape from(sizes.size(), 0);  // a label that occurs twice walks along the diagonal
  std::vector<bool> own(sizes.size(), false);
  for (std::size_t k = 0; k < labels.size(); ++k) {
    if (x.dims[k] == 1) continue;
    from[static_cast<std::size_t>(labels[k])] += strides[k];
    own[static_cast<std::size_t>(labels[k])] = true;
  }
  Shape copy_dims, copy_from, to(sizes.size(), 0);
  for (std::size_t label = 0; label < sizes.size(); ++label)
    if (own[label]) {
      copy_dims.push_back(sizes[label]);
      copy_from.push_back(from[label]);
    }
  const Shape copy_to = strides_of(copy_dims);
  for (std::size_t label = 0, k = 0; label < sizes.size(); ++label)
    if (own[label]) to[label] = copy_to[k++];
  Operand operand;
  operand.copy = StridedCopy(x.type, copy_dims, copy_to, copy_from);
  operand.bytes = static_cast<std::int64_t>(storage_bytes(x.type, copy_dims, Layout::Plain));
  const auto split = to.begin() + static_cast<std::ptrdiff_t>(outputs);
  operand.output_strides.assign(to.begin(), split);
  operand.sum_strides.assign(split, to.end());
  return operand;
}

// Summed labels that continue one another in every operand become one.
void merge_sums(Plan& plan) {
  for (std::size_t k = plan.sum_sizes.size(); k-- > 1;) {
    const bool merges =
        std::all_of(plan.operands.begin(), plan.operands.end(), [&](const Operand& operand) {
          return operand.sum_strides[k - 1] == operand.sum_strides[k] * plan.sum_sizes[k];
        });
    if (!merges) continue;
    plan.sum_sizes[k - 1] *= plan.sum_sizes[k];
    plan.sum_sizes.erase(plan.sum_sizes.begin() + static_cast<std::ptrdiff_t>(k));
    for (Operand& operand : plan.operands) {
      operand.sum_strides[k - 1] = operand.sum_strides[k];
      operand.sum_strides.erase(operand.sum_strides.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }
}

template <typename T>
T multiply(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  else
    return a * b;
}

template <typename T>
T add(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else
    return a + b;
}

// Sixteen partial sums: independent, and the same for every number of threads.
template <typename T>
T dot(const T* a, const T* b, std::int64_t n) {
  T partial[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; ++k) partial[k] = add(partial[k], multiply(a[i + k], b[i + k]));
  T sum = 0;
  for (; i < n; ++i) sum = add(sum, multiply(a[i], b[i]));
  for (T value : partial) sum = add(sum, value);
  return sum;
}

// The sum over the labels from `depth` on; long ones can be stopped.
template <typename T>
T sum_from(const Plan& plan, const Parallel& parallel, std::size_t depth,
           std::vector<const T*>& at) {
  const std::size_t count = plan.operands.size();
  if (depth == plan.sum_sizes.size()) {
    T product = *at[0];
    for (std::size_t i = 1; i < count; ++i) product = multiply(product, *at[i]);
    return product;
  }
  const std::int64_t n = plan.sum_sizes[depth];
  const auto stride = [&](std::size_t i) { return plan.operands[i].sum_strides[depth]; };
  if (depth + 1 == plan.sum_sizes.size() && count == 2 && stride(0) == 1 && stride(1) == 1)
    return dot(at[0], at[1], n);
  T sum = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    if (depth + 1 < plan.sum_sizes.size()) parallel.check_stop();
    sum = add(sum, sum_from(plan, parallel, depth + 1, at));
    for (std::size_t i = 0; i < count; ++i) at[i] += stride(i);
  }
  for (std::size_t i = 0; i < count; ++i) at[i] -= n * stride(i);
  return sum;
}

template <typename T>
void run(const Plan& plan, RunContext& context) {
  std::vector<const T*> base;
  std::byte* scratch = context.shared_scratch;
  for (std::size_t i = 0; i < plan.operands.size(); ++i) {
    plan.operands[i].copy.run(context.parallel, scratch, context.in<std::byte>(i));
    base.push_back(reinterpret_cast<const T*>(scratch));
    scratch += (plan.operands[i].bytes + 63) / 64 * 64;
  }
  T* y = context.out<T>(0);
  std::int64_t sums = 1;
  for (std::int64_t size : plan.sum_sizes) sums *= size;
  const std::int64_t grain =
      std::max<std::int64_t>((64 << 10) / std::max<std::int64_t>(sums, 1), 1);
  context.parallel.ranges(
      element_count(plan.output_sizes), grain, [&](std::int64_t begin, std::int64_t end) {
        std::vector<const T*> at(base.size());
        for (std::int64_t place = begin; place < end; ++place) {
          at = base;
          std::int64_t rest = place;
          for (std::size_t k = plan.output_sizes.size(); k-- > 0; rest /= plan.output_sizes[k])
            for (std::size_t i = 0; i < at.size(); ++i)
              at[i] += rest % plan.output_sizes[k] * plan.operands[i].output_strides[k];
          y[place] = sum_from(plan, context.parallel, 0, at);
        }
      });
}

Kernel prepare(const PrepareContext& context) {
  std::vector<std::int64_t> ranks;
  for (const TensorRef& input : context.inputs)
    ranks.push_back(static_cast<std::int64_t>(input.dims.size()));
  const EinsumLabels labels = read_einsum(context.node, ranks);
  const Shape sizes = label_sizes(
      context.node, labels, [&](std::size_t i) -> const Shape& { return context.inputs[i].dims; });
  const auto outputs = static_cast<std::size_t>(labels.outputs);
  Plan plan;
  plan.output_sizes.assign(sizes.begin(), sizes.begin() + labels.outputs);
  plan.sum_sizes.assign(sizes.begin() + labels.outputs, sizes.end());
  std::int64_t scratch = 0, sums = element_count(plan.sum_sizes);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    plan.operands.push_back(make_operand(context.inputs[i], labels.operands[i], sizes, outputs));
    scratch = checked_add(scratch, (plan.operands.back().bytes + 63) / 64 * 64);
  }
  merge_sums(plan);
  Kernel kernel;
  kernel.name = "einsum";
  kernel.scratch_shared = static_cast<std::size_t>(scratch);
  kernel.flops = 2.0 * static_cast<double>(context.outputs[0].size()) * static_cast<double>(sums);
  switch (context.inputs[0].type) {
    case DataType::Double:
      kernel.run = [plan](RunContext& c) { run<double>(plan, c); };
      break;
    case DataType::Int32:
      kernel.run = [plan](RunContext& c) { run<std::int32_t>(plan, c); };
      break;
    case DataType::Int64:
      kernel.run = [plan](RunContext& c) { run<std::int64_t>(plan, c); };
      break;
    default:
      kernel.run = [plan](RunContext& c) { run<float>(plan, c); };
  }
  return kernel;
}

}  // namespace

void einsum(OpTable& table) {
  OpDef def;
  def.name = "Einsum";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
