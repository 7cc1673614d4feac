#include "runtime/symbolic_sizes.h"

#include <algorithm>

#include "runtime/indices.h"

namespace keel {
namespace {

using Sizes = std::vector<SymbolicSize>;
using Known = std::optional<Sizes>;

// Nodes looked at for one list. Those of exported models take about ten.
constexpr int kMostNodes = 200;
constexpr std::int64_t kMostElements = 64;

bool is_integer(DataType type) { return type == DataType::Int64 || type == DataType::Int32; }

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph) {}

  Known sizes(ValueId id) {
    if (id == kNone) return std::nullopt;
    const TensorType& type = graph_.values[id].type;
    if (!is_integer(type.type) || !type.ranked || type.rank() > 1 || ++nodes_ > kMostNodes)
      return std::nullopt;
    Known list = computed(graph_.values[id]);
    // Out of its range a number is another one.
    if (list && type.type == DataType::Int32)
      for (const SymbolicSize& size : *list)
        if (size.number != static_cast<std::int32_t>(size.number)) return std::nullopt;
    return list;
  }

 private:
  Known computed(const Value& value) {
    if (value.constant != nullptr)
      return value.overridable ? std::nullopt : elements(*value.constant);
    if (value.producer == kNone) return std::nullopt;
    const Node& node = graph_.nodes[value.producer];
    if (!node.domain.empty() || !node.captured.empty() || !node.has_input(0)) return std::nullopt;
    const std::string& op = node.op_type;
    if (op == "Shape") return shape(node);
    if (op == "Gather") return gather(node);
    if (op == "Slice") return slice(node);
    if (op == "Concat") return concat(node);
    if (op == "Mul") return multiply(node);
    // These leave the elements and their order as they are.
    for (const char* same : {"Identity", "Cast", "Unsqueeze", "Squeeze", "Reshape"})
      if (op == same) return sizes(node.inputs[0]);
    return std::nullopt;
  }

  static Known elements(const Tensor& tensor) {
    if (tensor.size() > kMostElements) return std::nullopt;
    Sizes list;
    for (std::int64_t number : all_ints(ref(tensor))) list.push_back({number, 0});
    return list;
  }

  // A constant list of numbers.
  std::optional<std::vector<std::int64_t>> numbers(const Node& node, std::size_t input) {
    const Known list = node.has_input(input) ? sizes(node.inputs[input]) : std::nullopt;
    if (!list) return std::nullopt;
    std::vector<std::int64_t> result;
    for (const SymbolicSize& size : *list) {
      if (size.symbol != 0) return std::nullopt;
      result.push_back(size.number);
    }
    return result;
  }

  // Slice's rules for the places between the elements, which Shape follows too.
  static std::int64_t place(std::int64_t at, std::size_t size) {
    const auto n = static_cast<std::int64_t>(size);
    return std::clamp<std::int64_t>(at < 0 ? std::max(at, -n) + n : at, 0, n);
  }
  static Sizes part(const Sizes& list, std::int64_t begin, std::int64_t end) {
    begin = place(begin, list.size());
    end = std::max(begin, place(end, list.size()));
    return Sizes(list.begin() + begin, list.begin() + end);
  }

  Known shape(const Node& node) const {
    const TensorType& type = graph_.values[node.inputs[0]].type;
    if (!type.ranked) return std::nullopt;
    Sizes list;
    for (Dim dim : type.dims)
      list.push_back(dim >= 0 ? SymbolicSize{dim, 0} : SymbolicSize{0, dim});
    return part(list, node.int_or("start", 0), node.int_or("end", type.rank()));
  }

  Known gather(const Node& node) {
    const Known list = sizes(node.inputs[0]);
    const auto indices = numbers(node, 1);
    if (!list || !indices || node.int_or("axis", 0) != 0) return std::nullopt;
    const auto n = static_cast<std::int64_t>(list->size());
    Sizes result;
    for (std::int64_t index : *indices) {
      if (index < -n || index >= n) return std::nullopt;
      result.push_back((*list)[static_cast<std::size_t>(index < 0 ? index + n : index)]);
    }
    return result;
  }

  Known slice(const Node& node) {
    const Known list = sizes(node.inputs[0]);
    const auto starts = numbers(node, 1), ends = numbers(node, 2);
    if (!list || !starts || !ends || starts->size() != 1 || ends->size() != 1) return std::nullopt;
    if (node.has_input(4) && numbers(node, 4) != std::vector<std::int64_t>{1}) return std::nullopt;
    return part(*list, starts->front(), ends->front());
  }

  Known concat(const Node& node) {
    Sizes all;
    for (ValueId input : node.inputs) {
      const Known list = sizes(input);
      if (!list) return std::nullopt;
      all.insert(all.end(), list->begin(), list->end());
    }
    return all;
  }

  // Of numbers, or a size by 1; lists of one element are repeated.
  Known multiply(const Node& node) {
    const Known a = sizes(node.inputs[0]), b = sizes(node.inputs.back());
    if (!a || !b || a->empty() || b->empty()) return std::nullopt;
    const std::size_t n = std::max(a->size(), b->size());
    if ((a->size() != 1 && a->size() != n) || (b->size() != 1 && b->size() != n))
      return std::nullopt;
    Sizes result;
    for (std::size_t i = 0; i < n; ++i) {
      const SymbolicSize &x = (*a)[a->size() == 1 ? 0 : i], &y = (*b)[b->size() == 1 ? 0 : i];
      SymbolicSize product;
      if (x == SymbolicSize{1, 0}) {
        product = y;
      } else if (y == SymbolicSize{1, 0}) {
        product = x;
      } else if (x.symbol != 0 || y.symbol != 0 ||
                 __builtin_mul_overflow(x.number, y.number, &product.number)) {
        return std::nullopt;
      }
      result.push_back(product);
    }
    return result;
  }

  const Graph& graph_;
  int nodes_ = 0;
};

}  // namespace

std::optional<std::vector<SymbolicSize>> symbolic_sizes(const Graph& graph, ValueId id) {
  Known list = Finder(graph).sizes(id);
  // Dims without a symbol, which may have stood beside those that were read.
  const auto unknown = [](const SymbolicSize& size) { return size.symbol == kUnknownDim; };
  if (list && std::any_of(list->begin(), list->end(), unknown)) return std::nullopt;
  return list;
}

}  // namespace keel
