// Passes propose, the driver mutates. A pass is one file in passes/, which defines
// `keel::PassDef keel::passes::<file name>()`; CMake derives the list from the file names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/graph.h"
#include "runtime/parallel.h"
#include "runtime/patch.h"

namespace keel {

// In this order; each runs to its own fixpoint.
//   Simplify  constants computed, no-ops dropped
//   Fold      batch normalization into its neighbours; what `keel fold` writes back
//   Fuse      activations and residual adds into epilogues; needs the engine's own operators
//   Join      nodes with their epilogues into larger ones
//   Layout    reorders to and from NCHW16c
enum class Phase { Simplify, Fold, Fuse, Join, Layout };

struct PassContext {
  const Graph& graph;
  const Options& options;
  Parallel& parallel;  // for arithmetic on weights
};

// What a pass says of one node: nothing, a patch, or a refusal (done == false, with code, blocker
// and message). With a patch, `decision` describes what was done. The driver fills in pass, node
// and op.
struct PassResult {
  std::optional<Patch> patch;
  std::optional<Decision> decision;
};

struct PassDef {
  Phase phase;
  std::string_view name;
  // Looks at one node; must not depend on the order in which nodes are shown.
  PassResult (*visit)(const PassContext&, NodeId);
};

// Every pass of passes/, in alphabetical order within a phase.
const std::vector<PassDef>& all_passes();

// Infers types and shapes of every value, with symbolic dims where sizes are not known.
void infer_types(Graph& graph);

// Runs the phases given on the graph, re-inferring types and checking after each patch. Records
// what was done and, of refusals, those of the last round of each phase. Phase::Fold also works on
// the graphs inside nodes.
void optimize(Graph& graph, const Options& options, const std::vector<Phase>& phases,
              std::vector<Decision>& decisions);

}  // namespace keel
