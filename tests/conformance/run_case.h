// Runs one case of the backend suite through an engine and compares.
#pragma once

#include <functional>
#include <string>

#include "runtime/keel.h"
#include "tests/conformance/cases.h"

namespace keel::conformance {

enum class Verdict {
  Pass,
  Fail,
  Unsupported,  // refused: an operator, an opset or a type that the engine does not have
  OutOfScope,   // inputs or outputs that are no tensors, or operators outside ai.onnx
};

struct Outcome {
  Verdict verdict = Verdict::Fail;
  std::string op;       // the operator concerned, else the first of the model
  std::string message;  // of a failure
};

// A model made ready to run.
using Runner = std::function<NamedTensors(const NamedTensors&)>;
// Makes a model ready; throws what cannot be run.
using Engine = std::function<Runner(const std::string& path)>;

Engine keel_engine(const Options& options = {});
Engine oracle_engine();

Outcome run_case(const Case& c, const Engine& engine);

}  // namespace keel::conformance
