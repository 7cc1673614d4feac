// A plain interpreter of keel::Graph in double precision: what Keel's results are measured against.
// It shares the graph with the library and nothing else: no kernels, no operators, no threads.
#pragma once

#include <map>
#include <string>

#include "runtime/graph.h"
#include "runtime/keel.h"

namespace keel::oracle {

// Exact    float types are held in double from end to end; results of float types come back as
//          Double tensors
// Rounded  each node's results are rounded to their declared type, which the results then have
enum class Mode { Exact, Rounded };

// Evaluates a graph in the reader's normalised form, before or after passes (epilogues and reorders
// are understood). Throws Error(Unsupported) for an operator the oracle does not have.
std::map<std::string, Tensor> run(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                                  Mode mode = Mode::Exact);

// Whether run() knows every operator of the graph.
bool supports(const Graph& graph);

}  // namespace keel::oracle
