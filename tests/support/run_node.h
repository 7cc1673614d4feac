// One operator on given tensors, in any layout, with any number of threads and instruction set.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/op.h"
#include "tests/support/expect_error.h"

namespace keel::test {

using Attributes = std::map<std::string, Attribute>;

// A node with `inputs` inputs and `outputs` outputs, the inputs in `absent` left out.
Node make_node(const std::string& op, const Attributes& attributes, std::size_t inputs,
               std::size_t outputs = 1, const std::vector<std::size_t>& absent = {});

struct RunSettings {
  std::uint32_t blocked_inputs = 0, blocked_outputs = 0;  // bit i: input (output) i in Blocked16
  std::uint32_t variable_inputs = 0;  // bit i: input i is not known before the run
  int threads = 1;
  const char* isa = nullptr;  // null: as KEEL_ISA says
  Precision precision = Precision::Fp32;
};

// Infers, prepares and runs `node`; tensors in and out are plain, `settings` says in which layout
// the operator gets them. An empty tensor is an absent input. Bytes behind every blocked tensor and
// all unspecified lanes hold NaN before the run; scratch is filled with NaN too. Fails the test
// where bytes behind an output were written.
std::vector<Tensor> run_node_as(const Node& node, const std::vector<Tensor>& inputs,
                                const RunSettings& settings = {});

// run_node_as() on a node made on the spot.
std::vector<Tensor> run_op(const std::string& op, const std::vector<Tensor>& inputs,
                           const Attributes& attributes = {}, std::size_t outputs = 1,
                           const RunSettings& settings = {});

// Types and shapes that the operator infers from `inputs`.
std::vector<TensorType> infer_op(const std::string& op, const std::vector<TensorType>& inputs,
                                 const Attributes& attributes = {}, std::size_t outputs = 1);

// Numbers in [lowest, highest], the same for the same seed.
Tensor random_tensor(DataType type, const Shape& shape, unsigned seed, double lowest = -1,
                     double highest = 1);

// The elements as double; the tensor as another numeric type, each element converted.
std::vector<double> as_doubles(const Tensor& tensor);
Tensor converted(const Tensor& tensor, DataType type);

// Shapes agree, and |got - want| <= tolerance * max |want| everywhere (NaN equals NaN).
void expect_close(const Tensor& got, const Tensor& want, double tolerance,
                  const std::string& what = "");
// Shapes and types agree and so does every bit.
void expect_same(const Tensor& got, const Tensor& want, const std::string& what = "");

}  // namespace keel::test
