#include "runtime/infer_checks.h"

#include "runtime/error.h"

namespace keel {

DataType expect_floating(const InferContext& context, std::size_t i) {
  context.expect_type(i,
                      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  return context.type(i);
}

void expect_same_type(const InferContext& context, std::size_t i, std::size_t as) {
  if (context.type(i) == context.type(as)) return;
  context.node.fail(ErrorCode::MalformedModel,
                    str("input ", i, ": expected ", data_type_name(context.type(as)), " as input ",
                        as, ", got ", data_type_name(context.type(i))));
}

void expect_dims(const InferContext& context, std::size_t i, const Shape& dims) {
  const Shape& got = context.input(i).dims;
  bool fits = got.size() == dims.size();
  for (std::size_t k = 0; fits && k < dims.size(); ++k)
    fits = got[k] < 0 || dims[k] < 0 || got[k] == dims[k];
  if (!fits)
    context.node.fail(ErrorCode::BadInput, str("input ", i, ": expected shape ", to_string(dims),
                                               ", got ", to_string(got)));
}

std::int64_t int_attribute(const Node& node, const char* name, std::int64_t fallback,
                           std::int64_t lowest, std::int64_t highest) {
  const std::int64_t value = node.int_or(name, fallback);
  if (value < lowest || value > highest)
    node.fail_attribute(name,
                        str("expected a value in [", lowest, ", ", highest, "], got ", value));
  return value;
}

void expect_residual(const InferContext& context, std::size_t i, DataType type, const Shape& dims) {
  if (!context.node.epilogue.residual) return;
  context.expect_type(i, {type});
  expect_dims(context, i, dims);
}

}  // namespace keel
