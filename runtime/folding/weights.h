// Constant operands as folding changes them: read in double, written with one rounding, in place
// where no other node sees them and as a copy where one does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/folding/affine.h"
#include "runtime/graph.h"
#include "runtime/parallel.h"
#include "runtime/patch.h"

namespace keel::folding {

struct Chain;

// What is being folded, and the changes it takes so far. Copied to try something out.
struct Work {
  const Graph& graph;
  bool allow_overridable;
  Patch patch;
  double cancellation = 0;        // largest (|s b| + |t|) / |b'|
  std::string blocker;            // name of the (first) node with weights
  std::vector<std::string> path;  // operators between those weights and the chain
  bool reached_weights = false;   // an operator with weights was found
  bool left_shift = false;        // only s was taken up; t has to be added where the chain stood
  Parallel* parallel = nullptr;   // null: everything on the caller's thread
  // For running: the chain that goes. Keel's own operators may stand for what ONNX cannot express.
  const Chain* running = nullptr;
};

// The constant in an input slot, or why it cannot be folded into: DYNAMIC_WEIGHT, OVERRIDABLE,
// QUANTISED, TYPE_MISMATCH.
Refusal read_weights(const Work& work, const Node& node, std::size_t slot,
                     std::shared_ptr<const Tensor>& weights);

// W[e] * factor[(e / inner) % factors], each rounded once; OVERFLOW where one is not finite.
Refusal scale_blocks(const Work& work, const Node& node, const Tensor& W,
                     const std::vector<double>& factors, std::int64_t inner, Tensor& scaled);

// A tensor of these values, each rounded once; OVERFLOW where one is not finite.
Refusal round_to(const Node& node, DataType type, Shape shape, const std::vector<double>& values,
                 Tensor& rounded);

// Notes the cancellation of b' = scaled + shift.
void note_cancellation(Work& work, double scaled, double shift);

// The input slot gets the new constant: under its old name where this node alone reads it, as a
// copy where it is shared, under `fresh_name` where there was none.
void replace_weights(Work& work, NodeId node, std::size_t slot, Tensor tensor,
                     const std::string& fresh_name);

// "layer.weight" -> "layer.bias", "w" -> "w_bias"
std::string bias_name(const Graph& graph, ValueId weights);

}  // namespace keel::folding
