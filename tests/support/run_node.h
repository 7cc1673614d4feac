// One operator on given tensors, in any layout, with any number of threads and instruction set:
// below what check_operator() (operator_check.h) can reach through models.
#pragma once

#include <string>
#include <vector>

#include "runtime/op.h"
#include "tests/support/expect_error.h"
#include "tests/support/model_builder.h"

namespace keel::test {

// A node with `inputs` inputs and `outputs` outputs, the inputs in `absent` left out. "keel.Op" is
// operator Op of that domain.
Node make_node(const std::string& op, const Attributes& attributes, std::size_t inputs,
               int outputs = 1, const std::vector<std::size_t>& absent = {});

struct RunSettings {
  std::uint64_t blocked_inputs = 0, blocked_outputs = 0;  // bit i: input (output) i in Blocked16
  std::uint64_t variable_inputs = 0;  // bit i: input i is not known when the kernel is prepared
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
                           const Attributes& attributes = {}, int outputs = 1,
                           const RunSettings& settings = {});

// The oracle's results for the node, of type Double where they are floats.
std::vector<Tensor> oracle_of(const Node& node, const std::vector<Tensor>& inputs);

// Holds the node against the oracle: every choice of plain and blocked within `blocked_inputs` and
// `blocked_outputs`, constants known and unknown, every instruction set, 1, 2 and 5 threads, which
// must give the same bits. nme 0: default_nme of the type.
void check_node(const Node& node, const std::vector<Tensor>& inputs, std::uint64_t blocked_inputs,
                std::uint64_t blocked_outputs, double nme = 0);

// Types and shapes that the operator infers from `inputs`.
std::vector<TensorType> infer_op(const std::string& op, const std::vector<TensorType>& inputs,
                                 const Attributes& attributes = {}, int outputs = 1);
inline TensorType type_of(Shape dims, DataType type = DataType::Float) {
  return {type, true, std::move(dims)};
}

// Numbers in [low, high], the same for the same seed.
Tensor seeded(std::uint64_t seed, const Shape& shape, double low = -1, double high = 1,
              DataType type = DataType::Float);
// A float tensor as doubles.
Tensor widened(const Tensor& tensor);
// The elements of a tensor of numbers.
std::vector<double> as_doubles(const Tensor& tensor);

void expect_close(const Tensor& got, const Tensor& want, double nme, const std::string& what = "");
void expect_same(const Tensor& got, const Tensor& want, const std::string& what = "");

}  // namespace keel::test
