#include "tests/conformance/run_case.h"

#include <memory>

#include "loaders/onnx_reader.h"
#include "runtime/error.h"
#include "tests/conformance/proto.h"
#include "tests/oracle/oracle.h"

namespace keel::conformance {
namespace {

bool in_scope(const Outline& outline) {
  for (const auto* values : {&outline.inputs, &outline.outputs})
    for (const Declared& value : *values)
      if (!value.is_tensor) return false;
  for (const std::string& op : outline.ops)
    if (op.find('.') != std::string::npos) return false;
  return true;
}

// "" or what is wrong with one data set.
std::string run_data_set(const DataSet& set, const Outline& outline, const Runner& runner,
                         test::Tolerance tolerance) {
  if (set.inputs.size() > outline.inputs.size() || set.outputs.size() > outline.outputs.size())
    return "the data does not fit the model";
  if (set.outputs.empty()) return "nothing is expected";
  NamedTensors inputs;
  for (std::size_t i = 0; i < set.inputs.size(); ++i)
    inputs[outline.inputs[i].name] = set.inputs[i];
  const NamedTensors results = runner(inputs);
  for (std::size_t i = 0; i < set.outputs.size(); ++i) {
    const auto result = results.find(outline.outputs[i].name);
    if (result == results.end()) return str("no output '", outline.outputs[i].name, "'");
    const std::string wrong = test::difference(result->second, set.outputs[i], tolerance);
    if (!wrong.empty()) return str("output ", i, ": ", wrong);
  }
  return "";
}

}  // namespace

Engine keel_engine(const Options& options) {
  return [options](const std::string& path) -> Runner {
    auto model = std::make_shared<const Model>(Model::load(path, options));
    return [model](const NamedTensors& inputs) { return model->run(inputs); };
  };
}

Engine oracle_engine() {
  return [](const std::string& path) -> Runner {
    auto model = std::make_shared<const LoadedModel>(read_model(path));
    return [model](const NamedTensors& inputs) {
      return oracle::run(model->graph, inputs, oracle::Mode::Rounded);
    };
  };
}

Outcome run_case(const Case& c, const Engine& engine) {
  Outcome out;
  try {
    const Outline outline = parse_outline(read_file(c.model));
    out.op = outline.ops.empty() ? "" : outline.ops.front();
    if (!in_scope(outline)) return {Verdict::OutOfScope, out.op, ""};
    const Runner runner = engine(c.model.string());
    for (const DataSet& set : load_data_sets(c, outline)) {
      out.message = run_data_set(set, outline, runner, c.tolerance);
      if (!out.message.empty()) return out;
    }
    out.verdict = Verdict::Pass;
  } catch (const Error& error) {
    if (!error.op().empty()) out.op = error.op();
    out.message = error.what();
    if (error.code() == ErrorCode::Unsupported) out.verdict = Verdict::Unsupported;
  } catch (const std::exception& error) {
    out.message = error.what();
  }
  return out;
}

}  // namespace keel::conformance
