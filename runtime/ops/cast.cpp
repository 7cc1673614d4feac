// Cast and CastLike: every number type to every other, and numbers from and to text.
#include <algorithm>

#include "runtime/convert.h"
#include "runtime/error.h"
#include "runtime/half.h"
#include "runtime/number_text.h"
#include "runtime/op.h"
#include "runtime/to_integer.h"

namespace keel::ops {
namespace {

bool can_cast(DataType type) { return is_number(type) || type == DataType::String; }

void infer_to(InferContext& context, DataType to) {
  for (const DataType type : {context.type(0), to})
    if (!can_cast(type))
      context.node.fail(ErrorCode::Unsupported,
                        str("type ", data_type_name(type), " is not supported"));
  context.set_output(0, to, context.input(0).dims);
}

void infer_cast(InferContext& context) {
  const std::int64_t to = context.node.int_or("to", 0);
  if (to <= 0 || to > INT32_MAX)
    context.node.fail_attribute("to", str("expected a data type, got ", to));
  if (element_bits(static_cast<DataType>(to)) == 0)
    context.node.fail(ErrorCode::Unsupported, str("data type ", to, " is not supported"));
  infer_to(context, static_cast<DataType>(to));
}

void infer_cast_like(InferContext& context) { infer_to(context, context.type(1)); }

[[noreturn]] void fail_text(const std::string& text) {
  throw Error(ErrorCode::BadInput, "'" + printable(text) + "' is not a number");
}

// Whole numbers exactly, others truncated.
template <typename T>
T integer_of(const std::string& text) {
  T value = 0;
  if (parse_number(text, value)) return value;
  double real = 0;
  if (!parse_number(text, real)) fail_text(text);
  return to_integer<T>(real);
}

double real_of(const std::string& text) {
  double value = 0;
  if (!parse_number(text, value)) fail_text(text);
  return value;
}

template <typename T, typename Parse>
void parse_all(const Tensor& x, DataType as, DataType to, void* y, bool saturate, Parse parse) {
  Tensor values(as, x.shape());
  const std::string* const texts = x.data_as<std::string>();
  for (std::int64_t i = 0; i < x.size(); ++i) values.data_as<T>()[i] = parse(texts[i]);
  convert(as, values.data(), to, y, x.size(), saturate);
}

void from_text(const Tensor& x, DataType to, void* y, bool saturate) {
  switch (to) {
    case DataType::Uint64:
      return parse_all<std::uint64_t>(x, to, to, y, saturate, integer_of<std::uint64_t>);
    case DataType::Int4:
    case DataType::Uint4:
    case DataType::Int8:
    case DataType::Uint8:
    case DataType::Int16:
    case DataType::Uint16:
    case DataType::Int32:
    case DataType::Uint32:
    case DataType::Int64:
      return parse_all<std::int64_t>(x, DataType::Int64, to, y, saturate, integer_of<std::int64_t>);
    default:
      return parse_all<double>(x, DataType::Double, to, y, saturate, real_of);
  }
}

// Integers as such; floats as the type they have, or as float where they are smaller.
void to_text(const Tensor& x, std::string* y) {
  const bool reals = x.type() == DataType::Double || x.type() == DataType::Float;
  if (x.type() == DataType::Double) {
    for (std::int64_t i = 0; i < x.size(); ++i) y[i] = number_text(x.data_as<double>()[i]);
  } else if (x.type() == DataType::Uint64) {
    for (std::int64_t i = 0; i < x.size(); ++i)
      y[i] = std::to_string(x.data_as<std::uint64_t>()[i]);
  } else if (reals || is_small_float(x.type())) {
    Tensor wide(DataType::Float, x.shape());
    convert(x.type(), x.data(), DataType::Float, wide.data(), x.size());
    for (std::int64_t i = 0; i < x.size(); ++i) y[i] = number_text(wide.data_as<float>()[i]);
  } else {
    Tensor wide(DataType::Int64, x.shape());
    convert(x.type(), x.data(), DataType::Int64, wide.data(), x.size());
    for (std::int64_t i = 0; i < x.size(); ++i)
      y[i] = std::to_string(wide.data_as<std::int64_t>()[i]);
  }
}

void cast_text(RunContext& run, bool saturate) {
  const TensorRef &from = run.input(0), &to = run.output(0);
  const Tensor x(from.type, from.dims, from.data, nullptr);
  if (from.type == to.type)
    std::copy_n(x.data_as<std::string>(), x.size(), to.as<std::string>());
  else if (to.type == DataType::String)
    to_text(x, to.as<std::string>());
  else
    from_text(x, to.type, to.data, saturate);
}

void cast_numbers(RunContext& run, bool saturate) {
  const TensorRef &from = run.input(0), &to = run.output(0);
  const std::int64_t size = from.size(), pieces = (size + kConvertPiece - 1) / kConvertPiece;
  constexpr std::int64_t kPieces = 16;  // that a thread takes at a time
  run.parallel.ranges(pieces, kPieces, [&](std::int64_t begin, std::int64_t end) {
    const auto at = static_cast<std::size_t>(begin * kConvertPiece);
    convert(from.type, from.as<std::byte>() + at * element_bits(from.type) / 8, to.type,
            to.as<std::byte>() + at * element_bits(to.type) / 8,
            std::min(end * kConvertPiece, size) - begin * kConvertPiece, saturate);
  });
}

Kernel prepare_cast(const PrepareContext& context) {
  const bool saturate = context.node.int_or("saturate", 1) != 0;
  const bool text =
      context.inputs[0].type == DataType::String || context.outputs[0].type == DataType::String;
  Kernel kernel;
  kernel.run = [saturate, text](RunContext& run) {
    text ? cast_text(run, saturate) : cast_numbers(run, saturate);
  };
  return kernel;
}

}  // namespace

void cast(OpTable& table) {
  OpDef def;
  def.name = "Cast";
  def.infer = infer_cast;
  def.prepare = prepare_cast;
  def.in_place = true;
  table.add(def);
  def.name = "CastLike";
  def.since = 15;
  def.infer = infer_cast_like;
  table.add(def);
}

}  // namespace keel::ops
