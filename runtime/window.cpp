#include "runtime/window.h"

#include <algorithm>

#include "runtime/error.h"

namespace keel {
namespace {

constexpr std::int64_t kLimit = std::int64_t{1} << 31;

AutoPad auto_pad_of(const Node& node) {
  const std::string text = node.string_or("auto_pad", "NOTSET");
  if (text == "NOTSET") return AutoPad::NotSet;
  if (text == "SAME_UPPER") return AutoPad::SameUpper;
  if (text == "SAME_LOWER") return AutoPad::SameLower;
  if (text == "VALID") return AutoPad::Valid;
  node.fail_attribute("auto_pad",
                      "expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, got " + printable(text));
}

bool is_same(AutoPad mode) { return mode == AutoPad::SameUpper || mode == AutoPad::SameLower; }

}  // namespace

Shape window_attribute(const Node& node, const char* name, std::size_t length,
                       std::int64_t fallback, std::int64_t lowest) {
  if (!node.has(name)) return Shape(length, fallback);
  Shape values = node.ints_or(name, {});
  if (values.size() != length)
    node.fail_attribute(name, str("expected ", length, " values, got ", values.size()));
  for (std::int64_t value : values)
    if (value < lowest || value >= kLimit)
      node.fail_attribute(name, str("expected values in [", lowest, ", 2^31), got ", value));
  return values;
}

Shape kernel_shape_of(const Node& node) {
  if (!node.has("kernel_shape")) node.fail_attribute("kernel_shape", "is required");
  const Shape kernel = node.ints_or("kernel_shape", {});
  if (kernel.empty()) node.fail_attribute("kernel_shape", "expected at least one value");
  return window_attribute(node, "kernel_shape", kernel.size(), 1, 1);
}

Shape kernel_of_weights(const Node& node, const Shape& w_dims) {
  Shape kernel = spatial_of(w_dims);
  if (!node.has("kernel_shape")) return kernel;
  const Shape declared = kernel_shape_of(node);
  bool same = declared.size() == kernel.size();
  for (std::size_t i = 0; same && i < kernel.size(); ++i)
    same = kernel[i] < 0 || kernel[i] == declared[i];
  if (!same)
    node.fail_attribute("kernel_shape", "expected " + to_string(kernel) + " as W has it, got " +
                                            to_string(declared));
  return declared;
}

Window window_of(const Node& node, Shape kernel) {
  Window window;
  const std::size_t rank = kernel.size();
  for (Dim size : kernel)
    if (size == 0 || size >= kLimit)
      node.fail_attribute("kernel_shape", str("expected sizes in [1, 2^31), got ", size));
  window.kernel = std::move(kernel);
  window.strides = window_attribute(node, "strides", rank, 1, 1);
  window.dilations = window_attribute(node, "dilations", rank, 1, 1);
  window.pads = window_attribute(node, "pads", 2 * rank, 0, 0);
  window.auto_pad = auto_pad_of(node);
  if (window.auto_pad != AutoPad::NotSet) window.pads.assign(2 * rank, 0);
  window.ceil_mode = node.int_or("ceil_mode", 0) != 0;
  return window;
}

Dim window_count(const Node& node, const Window& window, std::size_t i, Dim in) {
  const std::int64_t stride = window.strides[i];
  if (is_same(window.auto_pad)) {
    if (in < 0) return stride == 1 ? in : kUnknownDim;
    return in / stride + (in % stride != 0);
  }
  if (window.kernel[i] < 0) return kUnknownDim;
  const std::int64_t pads = window.pads[i] + window.pads[window.rank() + i];
  const std::int64_t extent = window.extent(i);
  if (in < 0) return stride == 1 && pads == extent - 1 ? in : kUnknownDim;
  const std::int64_t room = checked_add(in, pads) - extent;
  if (room < 0)
    node.fail(ErrorCode::BadInput, str("spatial axis ", i, " of ", in, " with pads of ", pads,
                                       " is smaller than the window's extent of ", extent));
  std::int64_t count = room / stride + 1;
  // A last, partial window counts where it begins within the input or the padding before it.
  const bool partial = window.ceil_mode && room % stride != 0;
  if (partial && count * stride < in + window.pads[i]) ++count;
  return count;
}

void resolve_pads(Window& window, const Shape& spatial) {
  if (is_same(window.auto_pad)) {
    const std::size_t rank = window.rank();
    for (std::size_t i = 0; i < rank; ++i) {
      const std::int64_t stride = window.strides[i];
      const std::int64_t count = spatial[i] / stride + (spatial[i] % stride != 0);
      const std::int64_t span = (count - 1) * stride + window.extent(i);
      const std::int64_t total = std::max<std::int64_t>(count > 0 ? span - spatial[i] : 0, 0);
      const std::int64_t smaller = total / 2;
      const bool upper = window.auto_pad == AutoPad::SameUpper;
      window.pads[i] = upper ? smaller : total - smaller;
      window.pads[rank + i] = upper ? total - smaller : smaller;
    }
  }
  window.auto_pad = AutoPad::NotSet;
}

}  // namespace keel
