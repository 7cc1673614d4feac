#include "runtime/op.h"

#include <mutex>

#include "runtime/error.h"
#include "runtime/prepare.h"

namespace keel {

namespace ops {
#define KEEL_ITEM(name) void name(OpTable& table);
#include "ops.inc"
#undef KEEL_ITEM
}  // namespace ops

void OpTable::add(const OpDef& def) {
  index_[std::string(def.domain) + ":" + std::string(def.name)] = defs_.size();
  defs_.push_back(def);
}

const OpDef* OpTable::find(std::string_view domain, std::string_view name) const {
  const auto it = index_.find(std::string(domain) + ":" + std::string(name));
  return it == index_.end() ? nullptr : &defs_[it->second];
}

const OpTable& op_table() {
  static const OpTable table = [] {
    OpTable made;
#define KEEL_ITEM(name) ops::name(made);
#include "ops.inc"
#undef KEEL_ITEM
    return made;
  }();
  return table;
}

const OpDef& op_of(const Node& node) {
  if (const OpDef* def = op_table().find(node.domain, node.op_type)) return *def;
  node.fail(ErrorCode::Unsupported, "operator '" + printable(node.domain) +
                                        (node.domain.empty() ? "" : ".") + printable(node.op_type) +
                                        "' is not supported");
}

const TensorType& InferContext::input(std::size_t i) const {
  if (!has_input(i))
    node.fail(ErrorCode::MalformedModel,
              str("input ", i, " is missing; the node has ", node.inputs.size(), " inputs"));
  return inputs_[i].type;
}

const Tensor* InferContext::value(std::size_t i) const {
  return i < inputs_.size() ? inputs_[i].value : nullptr;
}

std::optional<std::vector<std::int64_t>> InferContext::ints(std::size_t i) const {
  const Tensor* tensor = value(i);
  if (tensor == nullptr) return std::nullopt;
  std::vector<std::int64_t> result(static_cast<std::size_t>(tensor->size()));
  for (std::size_t k = 0; k < result.size(); ++k) {
    if (tensor->type() == DataType::Int64)
      result[k] = tensor->data_as<std::int64_t>()[k];
    else if (tensor->type() == DataType::Int32)
      result[k] = tensor->data_as<std::int32_t>()[k];
    else
      node.fail(ErrorCode::MalformedModel, str("input ", i, ": expected int64 or int32, got ",
                                               data_type_name(tensor->type())));
  }
  return result;
}

std::int64_t InferContext::axis(std::int64_t axis, std::int64_t rank, const char* attribute) const {
  if (axis < -rank || axis >= rank)
    node.fail_attribute(attribute,
                        str("expected a value in [", -rank, ", ", rank - 1, "], got ", axis));
  return axis < 0 ? axis + rank : axis;
}

void InferContext::set_output(std::size_t i, DataType type, Shape dims) {
  if (!node.has_output(i)) return;
  if (dims.size() > kRankLimit)
    node.fail(ErrorCode::Unsupported,
              str("output ", i, ": rank ", dims.size(), " is above the limit of ", kRankLimit));
  outputs_[i] = {type, true, std::move(dims)};
}

void InferContext::set_unranked(std::size_t i, DataType type) {
  if (!node.has_output(i)) return;
  outputs_[i] = {type, false, {}};
}

void InferContext::expect_type(std::size_t i, std::initializer_list<DataType> allowed) const {
  const DataType got = type(i);
  for (DataType candidate : allowed)
    if (got == candidate) return;
  std::string names;
  for (DataType candidate : allowed)
    names += (names.empty() ? "" : ", ") + std::string(data_type_name(candidate));
  node.fail(ErrorCode::Unsupported, str("input ", i, ": type ", data_type_name(got),
                                        " is not supported; expected ", names));
}

void InferContext::expect_rank(std::size_t i, std::int64_t lowest, std::int64_t highest) const {
  if (rank(i) >= lowest && rank(i) <= highest) return;
  node.fail(ErrorCode::MalformedModel,
            lowest == highest
                ? str("input ", i, ": expected rank ", lowest, ", got ", rank(i))
                : str("input ", i, ": expected rank ", lowest, " to ", highest, ", got ", rank(i)));
}

Shape broadcast(const Node& node, const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (std::size_t k = 0; k < result.size(); ++k) {  // from the last axis
    const Dim x = k < a.size() ? a[a.size() - 1 - k] : 1;
    const Dim y = k < b.size() ? b[b.size() - 1 - k] : 1;
    Dim& dim = result[result.size() - 1 - k];
    if (x == 1)
      dim = y;
    else if (y == 1 || x == y)
      dim = x;
    else if (x >= 0 && y >= 0)
      node.fail(ErrorCode::BadInput,
                "shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    else
      dim = x > 1 ? x : y > 1 ? y : kUnknownDim;
  }
  return result;
}

bool can_block(const TensorType& type) {
  return type.type == DataType::Float && type.ranked && type.rank() >= 3 && type.dims[1] > 0;
}

std::shared_ptr<const Tensor> dropped_form(const Tensor& constant) {
  return std::make_shared<const Tensor>(constant.type(), constant.shape(), nullptr, nullptr);
}

bool is_dropped(const Tensor& constant) {
  return constant.data() == nullptr && constant.size() > 0;
}

struct PackCache::Impl {
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<const Tensor> packed;
  };
  std::mutex mutex;
  std::map<std::string, Slot> slots;
};

PackCache::PackCache() : impl_(std::make_shared<Impl>()) {}

std::shared_ptr<const Tensor> PackCache::get(const std::string& key,
                                             const std::function<Tensor()>& make) {
  Impl::Slot* slot = nullptr;
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    slot = &impl_->slots[key];
  }
  const std::lock_guard<std::mutex> lock(slot->mutex);
  if (slot->packed == nullptr) slot->packed = std::make_shared<const Tensor>(make());
  return slot->packed;
}

std::size_t PackCache::bytes() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  std::size_t total = 0;
  for (auto& [key, slot] : impl_->slots) {
    const std::lock_guard<std::mutex> slot_lock(slot.mutex);
    if (slot.packed != nullptr) total += slot.packed->byte_size();
  }
  return total;
}

std::shared_ptr<const Tensor> PrepareContext::pack(const std::string& key,
                                                   const std::function<Tensor()>& make) const {
  if (packs == nullptr) return std::make_shared<const Tensor>(make());
  return packs->get(node.name + "\n" + key, [&] {
    for (const auto& constant : constants)
      if (constant != nullptr && is_dropped(*constant)) throw ConstantDropped();
    return make();
  });
}

simd::Prologue prologue_of(const RunContext& run, std::int64_t block) {
  const Prologue& prologue = run.node.prologue;
  if (prologue.empty()) return {};
  return {run.in<float>(prologue.slot) + block * 3 * kBlock, prologue.activation};
}

LayoutQuery layout_query(const Graph& graph, const Node& node) {
  LayoutQuery query{node, {}, {}, {}, 0};
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    query.inputs.push_back(node.has_input(i) ? graph.values[node.inputs[i]].type : TensorType{});
    query.values.push_back(node.has_input(i) ? graph.constant(node.inputs[i]) : nullptr);
    if (!node.has_input(i) || i >= 64) continue;
    const Value& value = graph.values[node.inputs[i]];
    if (value.layout == Layout::Blocked16) query.blocked_inputs |= std::uint64_t{1} << i;
  }
  for (ValueId output : node.outputs)
    query.outputs.push_back(output == kNone ? TensorType{} : graph.values[output].type);
  return query;
}

}  // namespace keel
