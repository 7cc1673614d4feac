// CumSum: running sums along an axis (input 1), exclusive of the element itself and from the end
// backwards where the attributes say so.
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

std::int64_t axis_of(const RunContext& run) {
  const TensorRef& tensor = run.input(1);
  const auto rank = static_cast<std::int64_t>(run.input(0).dims.size());
  const std::int64_t axis =
      tensor.type == DataType::Int32 ? *tensor.as<std::int32_t>() : *tensor.as<std::int64_t>();
  if (axis < -rank || axis >= rank)
    run.node.fail(ErrorCode::BadInput,
                  str("axis: expected a value in [", -rank, ", ", rank - 1, "], got ", axis));
  return axis < 0 ? axis + rank : axis;
}

template <typename T>
void cumsum(RunContext& run) {
  // float is summed in double; integers wrap.
  using A = std::conditional_t<
      std::is_same_v<T, float>, double,
      std::conditional_t<std::is_signed_v<T> && std::is_integral_v<T>,
                         std::make_unsigned_t<std::conditional_t<std::is_integral_v<T>, T, int>>,
                         T>>;
  const Shape& dims = run.input(0).dims;
  const auto axis = static_cast<std::size_t>(axis_of(run));
  const std::int64_t length = dims[axis], inner = product(dims, axis + 1, dims.size());
  const std::int64_t rows = product(dims, 0, axis) * inner;
  const bool exclusive = run.node.int_or("exclusive", 0) != 0;
  const bool reverse = run.node.int_or("reverse", 0) != 0;
  const T* x = run.in<T>(0);
  T* y = run.out<T>(0);
  constexpr std::int64_t kGrain = 1024;
  run.parallel.ranges(rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t base = row / inner * length * inner + row % inner;
      A sum{};
      for (std::int64_t k = 0; k < length; ++k) {
        const std::int64_t at = base + (reverse ? length - 1 - k : k) * inner;
        const A before = sum;
        sum = static_cast<A>(sum + static_cast<A>(x[at]));
        y[at] = static_cast<T>(exclusive ? before : sum);
      }
    }
  });
}

void infer(InferContext& context) {
  using D = DataType;
  context.expect_type(
      0, {D::Float, D::Double, D::Float16, D::BFloat16, D::Int32, D::Int64, D::Uint32, D::Uint64});
  context.expect_type(1, {D::Int32, D::Int64});
  if (context.input(1).is_static() && element_count(context.input(1).dims) != 1)
    context.node.fail(ErrorCode::BadInput,
                      "axis: expected one value, got shape " + to_string(context.input(1).dims));
  context.expect_rank(0, 1, 32);
  context.set_output(0, context.type(0), context.input(0).dims);
}

Kernel prepare(const PrepareContext& context) {
  Kernel kernel;
  kernel.name = "cumsum";
  switch (context.inputs[0].type) {
    case DataType::Float:
      kernel.run = cumsum<float>;
      break;
    case DataType::Double:
      kernel.run = cumsum<double>;
      break;
    case DataType::Int32:
      kernel.run = cumsum<std::int32_t>;
      break;
    case DataType::Int64:
      kernel.run = cumsum<std::int64_t>;
      break;
    case DataType::Uint32:
      kernel.run = cumsum<std::uint32_t>;
      break;
    default:
      kernel.run = cumsum<std::uint64_t>;
      break;
  }
  return kernel;
}

}  // namespace

void cumsum(OpTable& table) {
  OpDef def;
  def.name = "CumSum";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
