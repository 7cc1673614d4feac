#include "runtime/folding/border.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/folding/absorb.h"
#include "runtime/folding/chain.h"
#include "runtime/tensor.h"

namespace keel::folding {
namespace {

// A constant larger than this is not worth its memory.
constexpr std::int64_t kLargestBorder = std::int64_t{1} << 20;

// Coordinates of position i in row-major order.
Shape coordinates(std::int64_t i, const Shape& dims) {
  Shape at(dims.size());
  for (std::size_t a = dims.size(); a-- > 0; i /= dims[a]) at[a] = i % dims[a];
  return at;
}

// Whether tap k along axis a can fall outside: at the first positions, or at the last.
bool meets_padding(const Border& border, std::size_t a, std::int64_t k) {
  const Window& window = border.window;
  const std::int64_t offset = k * window.dilations[a] - window.pads[a];
  if (offset < 0) return true;
  if (!border.known)
    return offset - window.extent(a) + 1 + window.pads[a] + window.pads[a + window.rank()] > 0;
  return (border.out[a] - 1) * window.strides[a] + offset >= border.in[a];
}

bool in_range(const Border& border, const Shape& position, const Shape& tap) {
  for (std::size_t a = 0; a < tap.size(); ++a) {
    const std::int64_t i = position[a] * border.window.strides[a] +
                           tap[a] * border.window.dilations[a] - border.window.pads[a];
    if (i < 0 || i >= border.in[a]) return false;
  }
  return true;
}

}  // namespace

bool is_pointwise(const Node& node, std::size_t spatial_rank) {
  const Window window = window_of(node, Shape(spatial_rank, 1));
  const auto all = [](const Shape& list, std::int64_t value) {
    return std::all_of(list.begin(), list.end(), [&](std::int64_t v) { return v == value; });
  };
  return window.auto_pad == AutoPad::NotSet && all(window.strides, 1) && all(window.pads, 0) &&
         !node.has("output_shape") && all(node.ints_or("output_padding", {}), 0);
}

Border border_of(const Graph& graph, const Node& conv, const Shape& W) {
  Border border;
  border.window = window_of(conv, Shape(W.begin() + 2, W.end()));
  const TensorType& x = graph.values[conv.inputs[0]].type;
  const TensorType& y = graph.values[conv.outputs[0]].type;
  const std::size_t rank = border.window.rank();
  if (x.ranked && y.ranked && x.dims.size() == rank + 2 && y.dims.size() == rank + 2) {
    border.in = spatial_of(x.dims);
    border.out = spatial_of(y.dims);
    const auto positive = [](const Shape& dims) {
      return std::all_of(dims.begin(), dims.end(), [](Dim dim) { return dim > 0; });
    };
    border.known = positive(border.in) && positive(border.out);
  }
  const bool same =
      border.window.auto_pad == AutoPad::SameUpper || border.window.auto_pad == AutoPad::SameLower;
  if (same && border.known) resolve_pads(border.window, border.in);
  const bool unresolved = same && !border.known;
  const Shape& kernel = border.window.kernel;
  const std::int64_t taps = element_count(kernel);
  for (std::int64_t k = 0; k < taps; ++k) {
    const Shape tap = coordinates(k, kernel);
    bool meets = unresolved && taps > 1;
    for (std::size_t a = 0; a < rank && !meets; ++a) meets = meets_padding(border, a, tap[a]);
    border.meets.push_back(meets);
  }
  return border;
}

bool Border::touches(const std::vector<double>& D, std::size_t features) const {
  for (std::size_t o = 0; o < features; ++o)
    for (std::size_t k = 0; k < meets.size(); ++k)
      if (meets[k] && D[o * meets.size() + k] != 0) return true;
  return false;
}

Refusal Border::add(Work& work, NodeId id, const std::vector<double>& D, DataType type) const {
  const Node& node = work.graph.nodes[id];
  const Value& old = work.graph.values[node.outputs[0]];
  if (!known)
    return {"PADDED_CONSUMER",
            "zeros of the padding come after normalisation, and the sizes of its border are not "
            "known; give the model's inputs sizes",
            node.name};
  const std::int64_t positions = element_count(out);
  const auto features = static_cast<std::int64_t>(D.size() / meets.size());
  const Shape& x = work.graph.values[node.inputs[0]].type.dims;
  if (features * positions > kLargestBorder || features * positions > 4 * x[1] * element_count(in))
    return {"PADDED_CONSUMER",
            str("zeros of the padding come after normalisation; adding what the border lacks would "
                "take ",
                features * positions, " constants, more than it saves"),
            node.name};
  std::vector<double> M(static_cast<std::size_t>(features * positions), 0);
  for (std::int64_t p = 0; p < positions; ++p) {
    const Shape position = coordinates(p, out);
    for (std::size_t k = 0; k < meets.size(); ++k) {
      if (!in_range(*this, position, coordinates(static_cast<std::int64_t>(k), window.kernel)))
        continue;
      for (std::int64_t o = 0; o < features; ++o)
        M[static_cast<std::size_t>(o * positions + p)] +=
            D[static_cast<std::size_t>(o) * meets.size() + k];
    }
  }
  Shape dims = {1, features};
  dims.insert(dims.end(), out.begin(), out.end());
  Tensor rounded;
  const Refusal refusal = round_to(node, type, std::move(dims), M, rounded);
  if (refusal) return refusal;
  const ValueId inner = work.patch.add_value(old.name + "_unshifted", old.type);
  work.patch.set_output(id, 0, inner);
  add_constant_to(work, node, std::move(rounded), inner, node.outputs[0]);
  return {};
}

Refusal Border::add_for_running(Work& work, NodeId id, const std::vector<double>& D,
                                DataType type) const {
  const Node& node = work.graph.nodes[id];
  const TensorType& x = work.graph.values[node.inputs[0]].type;
  const TensorType& y = work.graph.values[node.outputs[0]].type;
  const auto taps = static_cast<std::int64_t>(meets.size());
  const auto features = static_cast<std::int64_t>(D.size()) / taps;
  // The shift alone is read and written once over X; the border is read once over Y.
  const std::int64_t channels = x.ranked && x.rank() > 1 ? x.dims[1] : 0;
  if (type != DataType::Float || !node.epilogue.empty() || !y.ranked ||
      features > 2 * channels * element_count(window.strides))
    return {"PADDED_CONSUMER", "adding what the border lacks would cost more than it saves",
            node.name};
  Node border;
  border.name = node.name + "_border";
  border.op_type = "Border";
  border.domain = "keel";
  border.attributes = node.attributes;
  border.attributes["kernel_shape"] = window.kernel;
  border.attributes.erase("group");
  Tensor sums(DataType::Double, {features, taps});
  std::copy(D.begin(), D.end(), sums.data_as<double>());
  // The result of the chain will be no more; what it reads is of the same sizes.
  const Chain& chain = *work.running;
  const ValueId data = node.inputs[0] == chain.output ? chain.input : node.inputs[0];
  border.inputs = {data, work.patch.add_constant(border.name, std::move(sums))};
  border.outputs = {work.patch.add_value(border.name, y)};
  constexpr std::size_t kResidual = 3;  // behind X, W, B
  work.patch.set_input(id, kResidual, border.outputs[0]);
  Epilogue epilogue;
  epilogue.residual = true;
  work.patch.set_epilogue(id, epilogue);
  work.patch.add_node(std::move(border));
  return {};
}

}  // namespace keel::folding
