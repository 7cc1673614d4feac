// Dropout: the input itself at inference; with training_mode, elements are dropped with probability
// `ratio` and the others scaled by 1 / (1 - ratio). The mask says which are kept.
//
// Random numbers follow numpy's legacy generator: MT19937 seeded with the attribute (0 without it),
// 53 bits from two draws; so a run can be repeated.
#include <cmath>
#include <random>

#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  context.expect_type(0,
                      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  if (context.has_input(1))
    context.expect_type(1,
                        {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  if (context.has_input(2)) context.expect_type(2, {DataType::Bool});
  for (std::size_t i = 1; i < 3; ++i)
    if (context.has_input(i) && context.input(i).is_static() &&
        element_count(context.input(i).dims) != 1)
      context.node.fail(ErrorCode::BadInput, str("input ", i, ": expected a scalar"));
  context.set_output(0, context.type(0), context.input(0).dims);
  context.set_output(1, DataType::Bool, context.input(0).dims);
}

double ratio_of(const RunContext& context) {
  if (!context.has_input(1)) return 0.5;
  const double ratio =
      context.input(1).type == DataType::Double ? *context.in<double>(1) : *context.in<float>(1);
  if (!(ratio >= 0 && ratio < 1))
    context.node.fail(ErrorCode::BadInput, str("ratio: expected a value in [0, 1), got ", ratio));
  return ratio;
}

template <typename T>
void drop(RunContext& context, double ratio) {
  std::mt19937 generator(static_cast<std::uint32_t>(context.node.int_or("seed", 0)));
  const T* x = context.in<T>(0);
  T* y = context.out<T>(0);
  bool* mask = context.has_output(1) ? context.out<bool>(1) : nullptr;
  const auto scale = static_cast<T>(1 / (1 - ratio));
  const std::int64_t count = context.input(0).size();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t high = generator() >> 5, low = generator() >> 6;
    const double uniform = (high * 67108864.0 + low) / 9007199254740992.0;
    const bool keep = uniform >= ratio;
    y[i] = keep ? x[i] * scale : T(0);
    if (mask != nullptr) mask[i] = keep;
  }
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  const Shape dims = stored_dims(x.dims, x.layout), strides = strides_of(dims);
  const StridedCopy copy(x.type, dims, strides, strides);
  Kernel kernel;
  kernel.name = "dropout";
  kernel.run = [copy](RunContext& context) {
    const bool training = context.has_input(2) && *context.in<bool>(2);
    const double ratio = training ? ratio_of(context) : 0;
    if (ratio > 0) {
      if (context.input(0).type == DataType::Double) return drop<double>(context, ratio);
      return drop<float>(context, ratio);
    }
    copy.run(context.parallel, context.output(0).data, context.input(0).data);
    if (context.has_output(1)) std::fill_n(context.out<bool>(1), context.output(1).size(), true);
  };
  return kernel;
}

// Blocked as its input is, where it is known not to drop anything and makes no mask.
LayoutChoice layout(const LayoutQuery& query) {
  const bool inference = !query.node.has_input(2) ||
                         (query.values.size() > 2 && query.values[2] != nullptr &&
                          query.values[2]->size() == 1 && !*query.values[2]->data_as<bool>());
  if (!inference || query.node.has_output(1)) return {};
  const std::uint64_t blocked = query.blocked_inputs & 1u;
  return {blocked, blocked};
}

}  // namespace

void dropout(OpTable& table) {
  OpDef def;
  def.name = "Dropout";
  def.infer = infer;
  def.prepare = prepare;
  def.layout = layout;
  def.in_place = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
