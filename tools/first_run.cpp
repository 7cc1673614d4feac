#include "tools/first_run.h"

#include "tools/interrupt.h"
#include "tools/machine.h"

namespace keel::tools {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

FirstRun first_run(const std::string& path, const EngineFlags& engine, const InputFlags& input,
                   bool quiet) {
  const Options options = engine.options();
  const double before_mb = peak_rss_mb();
  const auto load_begin = Clock::now();
  Model model = Model::load(path, options);
  const double load_ms = ms_since(load_begin);
  NamedTensors inputs = input.tensors(model, quiet);
  const auto run_begin = Clock::now();
  Session session = model.session();
  for (const auto& [name, tensor] : inputs) session.bind_input(name, tensor);
  session.run(stoppable(engine.timeout_seconds()));
  const double run_ms = ms_since(run_begin);
  return {std::move(model), std::move(inputs), std::move(session), load_ms, run_ms, before_mb};
}

}  // namespace keel::tools
