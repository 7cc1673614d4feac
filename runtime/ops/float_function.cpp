// Functions of one floating-point number: exp, log, roots, trigonometry, rounding.
#include <cmath>

#include "runtime/elementwise.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

using simd::UnaryKind;

struct Row {
  std::string_view name;
  int since;
  UnaryKind kind;              // for float
  double (*function)(double);  // for double
};

constexpr Row kRows[] = {
    {"Reciprocal", 1, UnaryKind::Reciprocal, [](double x) { return 1 / x; }},
    {"Floor", 1, UnaryKind::Floor, std::floor},
    {"Ceil", 1, UnaryKind::Ceil, std::ceil},
    {"Round", 11, UnaryKind::Round, std::nearbyint},  // half to even
    {"Sqrt", 1, UnaryKind::Sqrt, std::sqrt},
    {"Exp", 1, UnaryKind::Exp, std::exp},
    {"Log", 1, UnaryKind::Log, std::log},
    {"Erf", 9, UnaryKind::Erf, std::erf},
    {"Sin", 7, UnaryKind::Sin, std::sin},
    {"Cos", 7, UnaryKind::Cos, std::cos},
    {"Tan", 7, UnaryKind::Tan, std::tan},
    {"Asin", 7, UnaryKind::Asin, std::asin},
    {"Acos", 7, UnaryKind::Acos, std::acos},
    {"Atan", 7, UnaryKind::Atan, std::atan},
    {"Sinh", 9, UnaryKind::Sinh, std::sinh},
    {"Cosh", 9, UnaryKind::Cosh, std::cosh},
    {"Asinh", 9, UnaryKind::Asinh, std::asinh},
    {"Acosh", 9, UnaryKind::Acosh, std::acosh},
    {"Atanh", 9, UnaryKind::Atanh, std::atanh},
};

const Row& row_of(const Node& node) {
  for (const Row& row : kRows)
    if (row.name == node.op_type) return row;
  node.fail(ErrorCode::Internal, "not a function of one float");
}

void infer_function(InferContext& context) { infer_unary(context, kFloatTypes); }

Kernel prepare_function(const PrepareContext& context) {
  const Row& row = row_of(context.node);
  if (context.inputs[0].type == DataType::Double)
    return unary_kernel(context, [&row](const void* x, void* y, std::int64_t n) {
      const auto* const from = static_cast<const double*>(x);
      auto* const to = static_cast<double*>(y);
      for (std::int64_t i = 0; i < n; ++i) to[i] = row.function(from[i]);
    });
  const auto* const kernels = context.kernels.elementwise;
  return unary_kernel(context, [&row, kernels](const void* x, void* y, std::int64_t n) {
    kernels->unary(row.kind, static_cast<const float*>(x), static_cast<float*>(y), n);
  });
}

}  // namespace

void float_function(OpTable& table) {
  for (const Row& row : kRows) {
    OpDef def;
    def.name = row.name;
    def.since = row.since;
    def.infer = infer_function;
    def.prepare = prepare_function;
    def.layout = unary_layout;
    def.in_place = true;
    def.half_through_float = true;
    table.add(def);
  }
}

}  // namespace keel::ops
