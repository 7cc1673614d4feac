// Resize: X resampled along its axes, to sizes given or found from scales.
// Inputs X, roi, scales, sizes (of the last two, one).
#include <algorithm>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/float_resize.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/resize_plain.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

constexpr std::size_t kRoi = 1, kScales = 2, kSizes = 3;

// Tables of longer axes are made during the run, when its memory has been granted.
constexpr std::int64_t kLongestPrepared = 1 << 20;

ResizeInputs inputs_of(const Tensor* roi, const Tensor* scales, const Tensor* sizes) {
  ResizeInputs inputs;
  if (roi != nullptr && is_floating(roi->type())) inputs.roi = as_doubles(*roi);
  if (scales != nullptr)
    inputs.scales.emplace(scales->data_as<float>(), scales->data_as<float>() + scales->size());
  if (sizes != nullptr)
    inputs.sizes.emplace(sizes->data_as<std::int64_t>(),
                         sizes->data_as<std::int64_t>() + sizes->size());
  return inputs;
}

// An absent input may also be an empty list.
bool is_given(const InferContext& context, std::size_t i) {
  return context.has_input(i) && context.input(i).dims != Shape{0};
}

// One of scales and sizes, of the types ONNX has for them; roi where it counts.
void expect_inputs(const InferContext& context, const ResizeAttributes& attributes) {
  const Node& node = context.node;
  const bool scales = is_given(context, kScales), sizes = is_given(context, kSizes);
  if (scales == sizes)
    node.fail(ErrorCode::MalformedModel,
              scales ? "both scales and sizes are given" : "neither scales nor sizes are given");
  const std::size_t used = scales ? kScales : kSizes;
  context.expect_type(used, {scales ? DataType::Float : DataType::Int64});
  context.expect_rank(used, 1, 1);
  if (!attributes.crops()) return;
  if (!is_given(context, kRoi)) node.fail(ErrorCode::MalformedModel, "roi is not given");
  expect_floating(context, kRoi);
  context.expect_rank(kRoi, 1, 1);
}

void infer_resize(InferContext& context) {
  const ResizeAttributes attributes = resize_attributes(context.node);
  expect_inputs(context, attributes);
  const auto value = [&](std::size_t i) {
    return is_given(context, i) ? context.value(i) : nullptr;
  };
  const ResizeInputs inputs = inputs_of(value(kRoi), value(kScales), value(kSizes));
  Shape y;
  for (const ResizeAxis& axis :
       resize_axes(context.node, attributes, context.input(0).dims, inputs))
    y.push_back(axis.out);
  context.set_output(0, context.type(0), std::move(y));
}

using Tables = std::vector<ResizeTable>;

Tables tables_of(const Node& node, const ResizeAttributes& attributes, const Shape& x,
                 const ResizeInputs& inputs) {
  Tables tables;
  for (const ResizeAxis& axis : resize_axes(node, attributes, x, inputs))
    tables.push_back(resize_table(node, attributes, axis));
  return tables;
}

// The values as the run has them.
ResizeInputs run_inputs(const RunContext& run) {
  Tensor values[4];
  const Tensor* given[4] = {};
  for (std::size_t i : {kRoi, kScales, kSizes}) {
    if (!run.has_input(i) || run.input(i).dims == Shape{0}) continue;
    const TensorRef& input = run.input(i);
    values[i] = Tensor(input.type, input.dims, input.data, nullptr);
    given[i] = &values[i];
  }
  return inputs_of(given[kRoi], given[kScales], given[kSizes]);
}

// Null where a value that counts is not known yet, or the tables would be large.
std::shared_ptr<const Tables> prepared_tables(const PrepareContext& context,
                                              const ResizeAttributes& attributes) {
  const Tensor* given[4] = {};
  for (std::size_t i : {kRoi, kScales, kSizes}) {
    if (!context.has_input(i) || context.inputs[i].dims == Shape{0}) continue;
    if (i == kRoi && !attributes.crops()) continue;
    if (!context.is_constant(i)) return nullptr;
    given[i] = context.constants[i].get();
  }
  for (std::int64_t dim : context.outputs[0].dims)
    if (dim < 0 || dim > kLongestPrepared) return nullptr;
  return std::make_shared<const Tables>(
      tables_of(context.node, attributes, context.inputs[0].dims,
                inputs_of(given[kRoi], given[kScales], given[kSizes])));
}

// Linear and cubic for any type of number: through double.
template <typename T>
void interpolate(const Tables& tables, double extrapolation, const T* x, T* y, Parallel& parallel) {
  Shape dims;
  for (const ResizeTable& table : tables) dims.push_back(table.in);
  std::vector<double> current(x, x + element_count(dims));
  for (std::size_t axis : resize_order(tables)) {
    const std::int64_t outer = product(dims, 0, axis);
    const std::int64_t inner = product(dims, axis + 1, dims.size());
    dims[axis] = tables[axis].out;
    std::vector<double> next(static_cast<std::size_t>(element_count(dims)));
    resize_axis(tables[axis], extrapolation, outer, inner, current.data(), next.data(), parallel);
    current.swap(next);
  }
  for (std::size_t i = 0; i < current.size(); ++i) y[i] = resize_rounded<T>(current[i]);
}

template <typename T>
void run_tables(const Tables& tables, const ResizeAttributes& attributes, RunContext& run) {
  if (run.output(0).size() == 0) return;
  const T* x = run.in<T>(0);
  T* y = run.out<T>(0);
  if (attributes.mode == ResizeAttributes::Mode::Nearest)
    return resize_nearest(tables, resize_rounded<T>(attributes.extrapolation), x, y, run.parallel);
  interpolate(tables, attributes.extrapolation, x, y, run.parallel);
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const ResizeAttributes attributes = resize_attributes(context.node);
  Kernel kernel;
  kernel.name = "resize plain";
  kernel.run = [attributes, tables = prepared_tables(context, attributes)](RunContext& run) {
    if (tables != nullptr) return run_tables<T>(*tables, attributes, run);
    const Shape& x = run.input(0).dims;
    run_tables<T>(tables_of(run.node, attributes, x, run_inputs(run)), attributes, run);
  };
  return kernel;
}

// Of tables for N, C, spatial axes: those of the array that NCHW16c is.
Tables blocked_tables(Tables tables) {
  ResizeTable block;
  block.in = block.out = kBlock;
  block.identity = true;
  tables[1].in = tables[1].out = (tables[1].in + kBlock - 1) / kBlock;
  tables.push_back(block);
  return tables;
}

bool fits_kernels(const Tables& tables) {
  return std::all_of(tables.begin(), tables.end(),
                     [](const ResizeTable& table) { return table.in <= INT32_MAX; });
}

Kernel float_kernel(const PrepareContext& context, const ResizeAttributes& attributes,
                    Tables tables) {
  Kernel kernel;
  FloatResize resize(context.kernels, std::move(tables),
                     attributes.mode == ResizeAttributes::Mode::Nearest,
                     static_cast<float>(attributes.extrapolation));
  kernel.name = "resize";
  kernel.scratch_shared = resize.shared_bytes();
  kernel.scratch_per_thread = resize.thread_bytes();
  kernel.run = [resize = std::move(resize)](RunContext& run) {
    if (run.output(0).size() == 0) return;
    resize.run(run.parallel, run.in<float>(0), run.out<float>(0), run.shared_scratch,
               run.thread_scratch_base, run.thread_scratch_stride);
  };
  return kernel;
}

Kernel prepare_float_plain(const PrepareContext& context) {
  const ResizeAttributes attributes = resize_attributes(context.node);
  const auto tables = prepared_tables(context, attributes);
  if (tables == nullptr || !fits_kernels(*tables)) return prepare_plain<float>(context);
  return float_kernel(context, attributes, *tables);
}

Kernel prepare_float(const PrepareContext& context) {
  if (context.inputs[0].layout == Layout::Blocked16 &&
      context.outputs[0].layout == Layout::Blocked16) {
    const ResizeAttributes attributes = resize_attributes(context.node);
    const auto tables = prepared_tables(context, attributes);
    if (tables != nullptr && fits_kernels(*tables) && (*tables)[0].identity &&
        (*tables)[1].identity)
      return float_kernel(context, attributes, blocked_tables(*tables));
  }
  return prepare_in_plain(context, prepare_float_plain);
}

// In NCHW16c where X lies so, unless images or channels are resized too.
LayoutChoice layout_resize(const LayoutQuery& query) {
  const TensorType &x = query.inputs[0], &y = query.outputs[0];
  const bool blocked = (query.blocked_inputs & 1u) && can_block(x) && can_block(y) &&
                       x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1];
  return blocked ? LayoutChoice{1, 1} : LayoutChoice{};
}

Kernel prepare_resize(const PrepareContext& context) {
  switch (context.inputs[0].type) {
    case DataType::Float:
      return prepare_float(context);
    case DataType::Double:
      return prepare_plain<double>(context);
    case DataType::Int8:
      return prepare_plain<std::int8_t>(context);
    case DataType::Uint8:
      return prepare_plain<std::uint8_t>(context);
    case DataType::Int16:
      return prepare_plain<std::int16_t>(context);
    case DataType::Uint16:
      return prepare_plain<std::uint16_t>(context);
    case DataType::Int32:
      return prepare_plain<std::int32_t>(context);
    case DataType::Uint32:
      return prepare_plain<std::uint32_t>(context);
    case DataType::Int64:
      return prepare_plain<std::int64_t>(context);
    case DataType::Uint64:
      return prepare_plain<std::uint64_t>(context);
    case DataType::Bool:
      if (resize_attributes(context.node).mode == ResizeAttributes::Mode::Nearest)
        return prepare_plain<std::uint8_t>(context);
      break;
    default:
      break;
  }
  context.node.fail(ErrorCode::Unsupported,
                    "type " + std::string(data_type_name(context.inputs[0].type)) +
                        " is not supported in mode " + context.node.string_or("mode", "nearest"));
}

}  // namespace

void resize(OpTable& table) {
  OpDef def;
  def.name = "Resize";
  def.infer = infer_resize;
  def.prepare = prepare_resize;
  def.layout = layout_resize;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
