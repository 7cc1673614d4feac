#include "tests/oracle/oracle.h"

#include <cmath>

#include "tests/oracle/call.h"
#include "tests/oracle/number_format.h"

namespace keel::oracle {
namespace {

Table make_table() {
  Table table;
  add_activations(table);
  add_arithmetic(table);
  add_casts(table);
  add_convolutions(table);
  add_elementwise(table);
  add_generators(table);
  add_indexing(table);
  add_logic(table);
  add_matmuls(table);
  add_movement(table);
  add_normalizations(table);
  add_pooling(table);
  add_reductions(table);
  add_resize(table);
  add_scatter(table);
  add_searches(table);
  add_shapes(table);
  add_softmax(table);
  return table;
}

const Op* find_op(const Node& node) {
  static const Table table = make_table();
  static const Table engine = {{"Reorder", [](const Call& c) -> Arrays { return {c[0]}; }}};
  if (node.domain != "" && node.domain != "keel") return nullptr;
  const Table& ops = node.domain.empty() ? table : engine;
  const auto found = ops.find(node.op_type);
  return found == ops.end() ? nullptr : &found->second;
}

// act(result + residual); the residual is the last input.
void apply_epilogue(const Node& node, const Call& call, Array& result) {
  if (node.epilogue.empty()) return;
  for (std::int64_t i = 0; i < result.size(); ++i) {
    double& v = result.reals[i];
    if (node.epilogue.residual) v += call.inputs.back()->reals[i];
    v = activated(node.epilogue.activation, v);
  }
}

class Interpreter {
 public:
  Interpreter(const Graph& graph, Mode mode)
      : graph_(graph), mode_(mode), values_(graph.values.size()) {}

  void set(ValueId id, const Tensor& tensor) { values_[id] = from_tensor(tensor); }
  const Array& get(ValueId id) const { return values_[id]; }

  void run() {
    for (std::size_t id = 0; id < values_.size(); ++id)
      if (graph_.values[id].constant && values_[id].type == DataType::Undefined)
        values_[id] = constant(graph_.values[id]);
    for (const NodeId id : graph_.order) evaluate(graph_.nodes[id]);
  }

 private:
  static Array constant(const Value& value) {
    if (value.layout != Layout::Plain)
      throw Error(ErrorCode::Unsupported, "oracle: a constant in a blocked layout");
    return from_tensor(*value.constant);
  }

  void evaluate(const Node& node) {
    const Op* op = find_op(node);
    if (!op) node.fail(ErrorCode::Unsupported, "oracle: no such operator");
    Call call{node, {}};
    for (const ValueId id : node.inputs)
      call.inputs.push_back(id == kNone ? nullptr : &values_[id]);
    // The operator itself must not take the residual for an input of its own.
    Call own = call;
    if (node.epilogue.residual) own.inputs.pop_back();
    Arrays results = (*op)(own);
    if (!results.empty()) apply_epilogue(node, call, results[0]);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNone) continue;
      if (i >= results.size()) node.fail(ErrorCode::Unsupported, "oracle: no such output");
      store(node.outputs[i], std::move(results[i]));
    }
  }

  void store(ValueId id, Array result) {
    if (mode_ == Mode::Rounded)
      for (double& v : result.reals) v = round_to(result.type, v);
    values_[id] = std::move(result);
  }

  const Graph& graph_;
  Mode mode_;
  std::vector<Array> values_;
};

}  // namespace

std::map<std::string, Tensor> run(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                                  Mode mode) {
  Interpreter interpreter(graph, mode);
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    const Value& value = graph.values[id];
    if (!value.graph_input) continue;
    const auto found = inputs.find(value.name);
    if (found != inputs.end())
      interpreter.set(static_cast<ValueId>(id), found->second);
    else if (!value.constant)
      throw Error(ErrorCode::BadInput, "oracle: input '" + value.name + "' is missing");
  }
  interpreter.run();
  std::map<std::string, Tensor> out;
  for (std::size_t k = 0; k < graph.outputs.size(); ++k) {
    const ValueId id = graph.outputs[k];
    const std::string& name =
        graph.output_names.empty() ? graph.values[id].name : graph.output_names[k];
    out[name] = to_tensor(interpreter.get(id), mode == Mode::Exact);
  }
  return out;
}

bool supports(const Graph& graph) {
  for (const NodeId id : graph.order)
    if (!find_op(graph.nodes[id])) return false;
  return true;
}

}  // namespace keel::oracle
