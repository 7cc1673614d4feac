// Where values lie in a session's block of memory.
//
//   1. views, in-place operators and Concats of whole blocks become aliases of another value;
//   2. every remaining value is placed, in the order of the steps, in the smallest free gap that
//      holds it, and its gap is free again after the step that reads it last.
#include <algorithm>
#include <map>

#include "runtime/planner.h"

namespace keel {
namespace {

constexpr std::size_t align64(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

class MemoryPlan {
 public:
  MemoryPlan(const Graph& graph, Plan& plan)
      : graph_(graph), plan_(plan), last_read_(graph.values.size(), -1) {}

  void run() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s)
      for (ValueId id : graph_.nodes[plan_.steps[s].node].inputs)
        if (id != kNone) last_read_[id] = static_cast<int>(s);
    // Read once more when the run is over, where they cannot be written in place.
    for (ValueId id : graph_.outputs) last_read_[id] = static_cast<int>(plan_.steps.size());
    alias_views();
    mark_outputs();
    alias_concats();
    alias_in_place();
    assign_offsets();
  }

 private:
  Storage& storage(ValueId id) { return plan_.storage[id]; }
  std::size_t bytes(ValueId id) const {
    const TensorRef& tensor = plan_.tensors[id];
    return storage_bytes(tensor.type, tensor.dims, tensor.layout);
  }
  ValueId root(ValueId id) {
    while (storage(id).place == Place::Alias) id = storage(id).root;
    return id;
  }
  std::size_t offset_in_root(ValueId id) {
    std::size_t offset = 0;
    for (; storage(id).place == Place::Alias; id = storage(id).root) offset += storage(id).offset;
    return offset;
  }
  void alias(ValueId id, ValueId target, std::size_t offset) {
    storage(id) = {Place::Alias, target, offset};
    last_read_[target] = std::max(last_read_[target], last_read_[id]);
    const ValueId top = root(target);
    last_read_[top] = std::max(last_read_[top], last_read_[id]);
  }

  // A result that a node computes into memory of its own goes straight to the caller's tensor.
  void mark_outputs() {
    for (ValueId id : graph_.outputs)
      if (storage(id).place == Place::Arena) {
        storage(id).place = Place::Output;
        plan_.output_bytes += bytes(id);
      }
  }

  void alias_views() {
    for (const Step& step : plan_.steps) {
      if (!step.view || step.dynamic) continue;
      const Node& node = graph_.nodes[step.node];
      const ValueId output = node.outputs[0];
      if (storage(output).place == Place::Arena) alias(output, node.inputs[0], 0);
    }
  }

  // A Concat over channel blocks of a single image whose inputs are written in place is free. Going
  // from the last to the first lets a chain of growing Concats share the last one's memory.
  void alias_concats() {
    for (std::size_t s = plan_.steps.size(); s-- > 0;) {
      const Step& step = plan_.steps[s];
      const Node& node = graph_.nodes[step.node];
      if (node.op_type != "Concat" || step.dynamic || !node.domain.empty()) continue;
      const ValueId output = node.outputs[0];
      const TensorRef& whole = plan_.tensors[output];
      if (whole.layout != Layout::Blocked16 || whole.dims[0] != 1 || node.int_or("axis", 1) != 1)
        continue;
      if (storage(output).place != Place::Arena && storage(output).place != Place::Alias) continue;
      if (storage(output).place == Place::Arena && try_prefix(node, output)) continue;
      std::size_t offset = 0;
      for (ValueId input : node.inputs) {
        if (storage(input).place == Place::Arena && plan_.tensors[input].layout == whole.layout &&
            first_use(node.inputs, input))
          alias(input, output, offset);
        offset += bytes(input);
        if (plan_.tensors[input].dims[1] % kBlock != 0) break;
      }
    }
  }

  static bool first_use(const std::vector<ValueId>& inputs, ValueId id) {
    return std::count(inputs.begin(), inputs.end(), id) == 1;
  }

  // All inputs stand one behind the other in a later Concat's memory: so does this output.
  bool try_prefix(const Node& node, ValueId output) {
    const ValueId first = node.inputs[0];
    if (storage(first).place != Place::Alias) return false;
    const ValueId top = root(first);
    std::size_t offset = offset_in_root(first);
    const std::size_t begin = offset;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      const bool aligned = plan_.tensors[input].dims[1] % kBlock == 0;
      if (storage(input).place != Place::Alias || root(input) != top ||
          offset_in_root(input) != offset || (!aligned && i + 1 < node.inputs.size()))
        return false;
      offset += bytes(input);
    }
    alias(output, top, begin);
    return true;
  }

  void alias_in_place() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const Step& step = plan_.steps[s];
      const Node& node = graph_.nodes[step.node];
      if (!step.op->in_place || step.dynamic || !node.has_output(0)) continue;
      const ValueId output = node.outputs[0];
      if (storage(output).place != Place::Arena) continue;
      for (ValueId input : node.inputs)
        if (input != kNone && can_overwrite(node, input, output, static_cast<int>(s))) {
          alias(output, root(input), offset_in_root(input));
          break;
        }
    }
  }

  bool can_overwrite(const Node& node, ValueId input, ValueId output, int step) {
    const ValueId top = root(input);
    const TensorRef &from = plan_.tensors[input], &to = plan_.tensors[output];
    if (storage(top).place != Place::Arena || last_read_[top] != step || from.type != to.type ||
        from.layout != to.layout || bytes(input) != bytes(output) || bytes(top) != bytes(output))
      return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId other) {
      return other == kNone || other == input || root(other) != top;
    });
  }

  void assign_offsets() {
    // Values that die after each step, by root.
    std::vector<std::vector<ValueId>> dying(plan_.steps.size() + 1);
    std::vector<bool> placed(graph_.values.size(), false);
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      for (ValueId output : graph_.nodes[plan_.steps[s].node].outputs) {
        if (output == kNone) continue;
        const ValueId top = root(output);
        if (placed[top] || storage(top).place != Place::Arena) continue;
        placed[top] = true;
        storage(top).offset = take(align64(bytes(top)));
        dying[static_cast<std::size_t>(std::max(last_read_[top], static_cast<int>(s)))].push_back(
            top);
      }
      for (ValueId id : dying[s]) give(storage(id).offset, align64(bytes(id)));
    }
    plan_.arena_bytes = end_;
  }

  std::size_t take(std::size_t size) {
    if (size == 0) return 0;
    auto best = free_.end();
    for (auto gap = free_.begin(); gap != free_.end(); ++gap)
      if (gap->second >= size && (best == free_.end() || gap->second < best->second)) best = gap;
    if (best == free_.end()) {
      // Grow the last gap where it touches the end.
      std::size_t at = end_;
      if (!free_.empty() && free_.rbegin()->first + free_.rbegin()->second == end_) {
        at = free_.rbegin()->first;
        free_.erase(std::prev(free_.end()));
      }
      end_ = at + size;
      return at;
    }
    const std::size_t at = best->first, left = best->second - size;
    free_.erase(best);
    if (left > 0) free_[at + size] = left;
    return at;
  }

  void give(std::size_t at, std::size_t size) {
    if (size == 0) return;
    auto next = free_.lower_bound(at);
    if (next != free_.end() && at + size == next->first) {
      size += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == at) {
        before->second += size;
        return;
      }
    }
    free_[at] = size;
  }

  const Graph& graph_;
  Plan& plan_;
  std::vector<int> last_read_;               // by value: the last step that reads it
  std::map<std::size_t, std::size_t> free_;  // gaps of the block: offset -> size
  std::size_t end_ = 0;
};

}  // namespace

void place_values(const Graph& graph, Plan& plan) { MemoryPlan(graph, plan).run(); }

}  // namespace keel
