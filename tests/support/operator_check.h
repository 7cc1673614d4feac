// Tests of single operators: run one, or hold it against the oracle everywhere it can run.
//
//   check_operator("Clip", {x, low, high});
//   check_operator("Conv", {x, w}, {{"pads", Ints{1, 1, 1, 1}}}, {1, 2e-5});
#pragma once

#include <string>
#include <vector>

#include "tests/support/model_builder.h"

namespace keel::test {

// A node with inputs 0.. (absent where the tensor is empty()) and `outputs` outputs.
Node operator_node(const std::string& op, const std::vector<Tensor>& inputs,
                   const Attributes& attributes = {}, int outputs = 1,
                   const std::string& domain = "");

// keel::evaluate on such a node.
std::vector<Tensor> run_operator(const std::string& op, const std::vector<Tensor>& inputs,
                                 const Attributes& attributes = {}, int outputs = 1);

struct CheckOptions {
  int outputs = 1;
  double nme = 0;  // 0: default_nme of the output's type
  // Inputs with a lower index are the model's inputs, the rest initializers; both ends are tried
  // where this is -1. Operators that insist on a constant want it set.
  int constants_from = -1;
};

// The operator through evaluate() and through a model of this one node, on every instruction set
// the machine has, 1 and 3 threads, unoptimised and optimised, against the oracle. Failures are
// reported to GoogleTest with what was run.
void check_operator(const std::string& op, const std::vector<Tensor>& inputs,
                    const Attributes& attributes = {}, const CheckOptions& options = {});

// The graph as a model, the same way: results of every variant within `nme` of the oracle's.
void check_graph(const Graph& graph, const std::map<std::string, Tensor>& inputs, double nme = 0);

// The instruction sets this machine has, best first.
std::vector<std::string> instruction_sets();

}  // namespace keel::test
