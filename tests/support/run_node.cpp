#include "tests/support/run_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "runtime/error.h"
#include "runtime/prepare.h"
#include "simd/layout.h"

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

Node make_node(const std::string& op, const Attributes& attributes, std::size_t inputs,
               std::size_t outputs, const std::vector<std::size_t>& absent) {
  Node node;
  node.name = "n";
  const std::size_t dot = op.rfind('.');
  node.domain = dot == std::string::npos ? "" : op.substr(0, dot);
  node.op_type = dot == std::string::npos ? op : op.substr(dot + 1);
  node.attributes = attributes;
  for (std::size_t i = 0; i < inputs; ++i) node.inputs.push_back(static_cast<ValueId>(i));
  for (std::size_t i : absent) node.inputs[i] = kNone;
  for (std::size_t i = 0; i < outputs; ++i) node.outputs.push_back(static_cast<ValueId>(100 + i));
  return node;
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
      types[i] = {{inputs[i].type(), true, inputs[i].shape()}, known ? &inputs[i] : nullptr};
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
                           const Attributes& attributes, std::size_t outputs,
                           const RunSettings& settings) {
  std::vector<std::size_t> absent;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].empty()) absent.push_back(i);
  return run_node_as(make_node(op, attributes, inputs.size(), outputs, absent), inputs, settings);
}

std::vector<TensorType> infer_op(const std::string& op, const std::vector<TensorType>& inputs,
                                 const Attributes& attributes, std::size_t outputs) {
  const Node node = make_node(op, attributes, inputs.size(), outputs);
  std::vector<InferContext::Input> types;
  for (const TensorType& type : inputs) types.push_back({type, nullptr});
  return infer_node(node, types);
}

namespace {

// Calls body(T*) with the elements of a tensor of numbers.
template <typename Body>
void with_elements(const Tensor& tensor, const Body& body) {
  void* data = const_cast<void*>(tensor.data());
  switch (tensor.type()) {
    case DataType::Float:
      return body(static_cast<float*>(data));
    case DataType::Double:
      return body(static_cast<double*>(data));
    case DataType::Int8:
      return body(static_cast<std::int8_t*>(data));
    case DataType::Uint8:
      return body(static_cast<std::uint8_t*>(data));
    case DataType::Int16:
      return body(static_cast<std::int16_t*>(data));
    case DataType::Uint16:
      return body(static_cast<std::uint16_t*>(data));
    case DataType::Int32:
      return body(static_cast<std::int32_t*>(data));
    case DataType::Uint32:
      return body(static_cast<std::uint32_t*>(data));
    case DataType::Int64:
      return body(static_cast<std::int64_t*>(data));
    case DataType::Uint64:
      return body(static_cast<std::uint64_t*>(data));
    case DataType::Bool:
      return body(static_cast<bool*>(data));
    default:
      FAIL() << "no numbers of type " << data_type_name(tensor.type());
  }
}

Tensor from_doubles(DataType type, const Shape& shape, const std::vector<double>& values) {
  Tensor tensor(type, shape);
  with_elements(tensor, [&](auto* data) {
    using T = std::remove_pointer_t<decltype(data)>;
    for (std::size_t i = 0; i < values.size(); ++i) data[i] = static_cast<T>(values[i]);
  });
  return tensor;
}

}  // namespace

Tensor random_tensor(DataType type, const Shape& shape, unsigned seed, double lowest,
                     double highest) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> distribution(lowest, highest);
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  for (double& value : values) value = distribution(generator);
  return from_doubles(type, shape, values);
}

std::vector<double> as_doubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  with_elements(tensor, [&](const auto* data) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(data[i]);
  });
  return values;
}

Tensor converted(const Tensor& tensor, DataType type) {
  return from_doubles(type, tensor.shape(), as_doubles(tensor));
}

void expect_close(const Tensor& got, const Tensor& want, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(to_string(got.shape()), to_string(want.shape())) << what;
  const std::vector<double> x = as_doubles(got), y = as_doubles(want);
  double scale = 0;
  for (double value : y)
    if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool same = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
    ASSERT_TRUE(same || std::abs(x[i] - y[i]) <= tolerance * scale)
        << what << " at " << i << ": got " << x[i] << ", want " << y[i] << ", scale " << scale;
  }
}

void expect_same(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_EQ(to_string(got.shape()), to_string(want.shape())) << what;
  ASSERT_EQ(got.type(), want.type()) << what;
  const bool same =
      got.byte_size() == 0 || std::memcmp(got.data(), want.data(), got.byte_size()) == 0;
  EXPECT_TRUE(same) << what;
}

}  // namespace keel::test
