#include "tests/support/run_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/prepare.h"
#include "simd/dispatch.h"
#include "simd/layout.h"
#include "tests/oracle/array.h"
#include "tests/oracle/oracle.h"
#include "tests/support/compare.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kGuard = 64;  // floats behind a blocked tensor

// A tensor of floats, all NaN.
Tensor nan_tensor(std::int64_t floats) {
  Tensor tensor(DataType::Float, {floats});
  std::fill_n(tensor.data_as<float>(), floats, kNaN);
  return tensor;
}

std::int64_t blocked_floats(const Shape& dims) {
  return static_cast<std::int64_t>(storage_bytes(DataType::Float, dims, Layout::Blocked16) /
                                   sizeof(float));
}

// body(plain offset, blocked offset) for every element.
template <typename Body>
void for_each_element(const Shape& dims, const Body& body) {
  const std::int64_t spatial = product(dims, 2, dims.size());
  const std::int64_t blocks = (dims[1] + kBlock - 1) / kBlock;
  std::int64_t plain = 0;
  for (std::int64_t n = 0; n < dims[0]; ++n)
    for (std::int64_t c = 0; c < dims[1]; ++c)
      for (std::int64_t s = 0; s < spatial; ++s, ++plain)
        body(plain, ((n * blocks + c / kBlock) * spatial + s) * kBlock + c % kBlock);
}

struct Prepared {
  std::vector<Tensor> memory;  // behind the refs
  std::vector<TensorRef> refs;
};

void add_input(Prepared& inputs, const Tensor& tensor, bool blocked) {
  inputs.memory.push_back(tensor);
  inputs.refs.push_back(tensor.empty() ? TensorRef{} : ref(tensor));
  if (!blocked) return;
  Tensor storage = nan_tensor(blocked_floats(tensor.shape()) + kGuard);
  for_each_element(tensor.shape(), [&](std::int64_t plain, std::int64_t at) {
    storage.data_as<float>()[at] = tensor.data_as<float>()[plain];
  });
  inputs.memory.back() = storage;
  inputs.refs.back().layout = Layout::Blocked16;
  inputs.refs.back().data = storage.data();
}

Tensor plain_output(const TensorRef& got, const Tensor& memory) {
  if (got.layout == Layout::Plain) return memory;
  const std::int64_t floats = blocked_floats(got.dims);
  for (std::int64_t i = floats; i < floats + kGuard; ++i)
    EXPECT_TRUE(std::isnan(memory.data_as<float>()[i])) << "wrote behind the output";
  Tensor plain(DataType::Float, got.dims);
  for_each_element(got.dims, [&](std::int64_t to, std::int64_t at) {
    plain.data_as<float>()[to] = memory.data_as<float>()[at];
  });
  return plain;
}

std::int64_t scratch_floats(std::size_t bytes) {
  return static_cast<std::int64_t>(bytes / sizeof(float)) + kGuard;
}

}  // namespace

Node make_node(const std::string& op, const Attributes& attributes, std::size_t inputs, int outputs,
               const std::vector<std::size_t>& absent) {
  std::vector<Tensor> given(inputs, make_tensor<float>({}, {0}));
  for (std::size_t i : absent) given[i] = Tensor();
  const bool own = op.rfind("keel.", 0) == 0;
  return operator_node(own ? op.substr(5) : op, given, attributes, outputs, own ? "keel" : "");
}

std::vector<Tensor> run_node_as(const Node& node, const std::vector<Tensor>& inputs,
                                const RunSettings& settings) {
  std::vector<InferContext::Input> types(inputs.size());
  Prepared in, out;
  PrepareContext prepare{
      node, {}, {}, {}, simd::select(settings.isa), settings.threads, settings.precision};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool blocked = (settings.blocked_inputs >> i & 1) != 0;
    add_input(in, inputs[i], blocked);
    const bool known = !blocked && (settings.variable_inputs >> i & 1) == 0 && !inputs[i].empty();
    if (!inputs[i].empty())
      types[i] = {{inputs[i].type(), true, inputs[i].shape()}, blocked ? nullptr : &inputs[i]};
    prepare.constants.push_back(known ? std::make_shared<const Tensor>(inputs[i]) : nullptr);
    prepare.inputs.push_back(in.refs.back());
    if (!known) prepare.inputs.back().data = nullptr;
  }
  const std::vector<TensorType> inferred = infer_node(node, types);
  for (std::size_t i = 0; i < inferred.size(); ++i) {
    const bool blocked = (settings.blocked_outputs >> i & 1) != 0;
    TensorRef output{inferred[i].type, blocked ? Layout::Blocked16 : Layout::Plain,
                     inferred[i].dims, nullptr};
    prepare.outputs.push_back(output);
    Tensor memory;
    if (inferred[i].is_static())
      memory = blocked ? nan_tensor(blocked_floats(output.dims) + kGuard)
                       : Tensor(output.type, output.dims);
    output.data = memory.data();
    out.memory.push_back(memory);
    out.refs.push_back(output);
  }
  const Kernel kernel = prepare_node(op_of(node), prepare);

  Tensor shared = nan_tensor(scratch_floats(kernel.scratch_shared));
  const std::size_t stride = (kernel.scratch_per_thread + 63) / 64 * 64;
  Tensor own = nan_tensor(scratch_floats(stride * static_cast<std::size_t>(settings.threads)));
  std::vector<const TensorRef*> in_ptr(inputs.size(), nullptr);
  std::vector<TensorRef*> out_ptr(out.refs.size(), nullptr);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (node.has_input(i)) in_ptr[i] = &in.refs[i];
  for (std::size_t i = 0; i < out.refs.size(); ++i)
    if (node.has_output(i)) out_ptr[i] = &out.refs[i];
  Parallel parallel(settings.threads, nullptr, false);
  RunContext run{node,
                 in_ptr.data(),
                 out_ptr.data(),
                 parallel,
                 static_cast<std::byte*>(shared.data()),
                 static_cast<std::byte*>(own.data()),
                 stride,
                 nullptr};
  run.allocate_output = [&](std::size_t i, const Shape& dims) {
    out.memory[i] = Tensor(out.refs[i].type, dims);
    out.refs[i].dims = dims;
    out.refs[i].data = out.memory[i].data();
  };
  parallel.enter([&] { run_node(kernel, run); });
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < out.refs.size(); ++i)
    results.push_back(plain_output(out.refs[i], out.memory[i]));
  return results;
}

std::vector<Tensor> run_op(const std::string& op, const std::vector<Tensor>& inputs,
                           const Attributes& attributes, int outputs, const RunSettings& settings) {
  std::vector<std::size_t> absent;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].empty()) absent.push_back(i);
  return run_node_as(make_node(op, attributes, inputs.size(), outputs, absent), inputs, settings);
}

std::vector<Tensor> oracle_of(const Node& node, const std::vector<Tensor>& inputs) {
  Graph graph;
  Node own = node;
  std::map<std::string, Tensor> given;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].empty()) continue;
    own.inputs[i] = graph.add_value(str("x", i));
    graph.values.back().graph_input = true;
    given[graph.values.back().name] = inputs[i];
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < own.outputs.size(); ++i) {
    own.outputs[i] = graph.add_value(str("y", i));
    names.push_back(graph.values.back().name);
    graph.outputs.push_back(own.outputs[i]);
  }
  graph.nodes.push_back(own);
  graph.link();
  const std::map<std::string, Tensor> results = oracle::run(graph, given);
  std::vector<Tensor> outputs;
  for (const std::string& name : names) outputs.push_back(results.at(name));
  return outputs;
}

namespace {

// Everything but the number of threads, which changes no bit.
void check_settings(const Node& node, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& want, RunSettings settings, double nme) {
  const std::string what =
      str(node.op_type, " blocked ", settings.blocked_inputs, " -> ", settings.blocked_outputs,
          ", variable ", settings.variable_inputs, ", ", settings.isa);
  const std::vector<Tensor> one = run_node_as(node, inputs, settings);
  for (std::size_t i = 0; i < want.size(); ++i)
    expect_close(one[i], want[i], nme > 0 ? nme : default_nme(one[i].type()), what);
  for (int threads : {2, 5}) {
    settings.threads = threads;
    const std::vector<Tensor> many = run_node_as(node, inputs, settings);
    for (std::size_t i = 0; i < want.size(); ++i)
      expect_same(many[i], one[i], str(what, ", ", threads, " threads"));
  }
}

}  // namespace

void check_node(const Node& node, const std::vector<Tensor>& inputs, std::uint64_t blocked_inputs,
                std::uint64_t blocked_outputs, double nme) {
  const std::vector<Tensor> want = oracle_of(node, inputs);
  for (const simd::KernelTable* kernels : own_tables())
    for (std::uint64_t in = 0; in <= blocked_inputs; ++in) {
      if ((in & ~blocked_inputs) != 0) continue;
      for (std::uint64_t out = 0; out <= blocked_outputs; ++out) {
        if ((out & ~blocked_outputs) != 0) continue;
        for (std::uint64_t variable : {std::uint64_t{1}, ~std::uint64_t{0}})
          check_settings(node, inputs, want, {in, out, variable, 1, kernels->isa}, nme);
      }
    }
}

std::vector<TensorType> infer_op(const std::string& op, const std::vector<TensorType>& inputs,
                                 const Attributes& attributes, int outputs) {
  const Node node = make_node(op, attributes, inputs.size(), outputs);
  std::vector<InferContext::Input> types;
  for (const TensorType& type : inputs) types.push_back({type, nullptr});
  return infer_node(node, types);
}

Tensor seeded(std::uint64_t seed, const Shape& shape, double low, double high, DataType type) {
  Random random(seed);
  return random_tensor(random, type, shape, low, high);
}

Tensor widened(const Tensor& tensor) {
  Tensor wide(DataType::Double, tensor.shape());
  std::copy_n(tensor.data_as<float>(), tensor.size(), wide.data_as<double>());
  return wide;
}

std::vector<double> as_doubles(const Tensor& tensor) {
  const oracle::Array array = oracle::from_tensor(tensor);
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = array.number(static_cast<std::int64_t>(i));
  return values;
}

void expect_close(const Tensor& got, const Tensor& want, double nme, const std::string& what) {
  EXPECT_EQ(nme_difference(got, want, nme), "") << what;
}

void expect_same(const Tensor& got, const Tensor& want, const std::string& what) {
  EXPECT_EQ(bit_difference(got, want), "") << what;
}

}  // namespace keel::test
