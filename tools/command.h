// The keel command: one function a subcommand. Each adds itself to the application and returns its
// exit code through the pointer when it is the one that was called.
#pragma once

#include <CLI/CLI.hpp>

namespace keel::tools {

// 0 ok, 1 ran and the check failed; everything else is thrown as keel::Error, whose code is the
// exit code.
struct ExitCode {
  int value = 0;
};

void add_run(CLI::App& app, ExitCode& exit);
void add_explain(CLI::App& app, ExitCode& exit);
void add_fold(CLI::App& app, ExitCode& exit);
void add_bench(CLI::App& app, ExitCode& exit);
void add_profile(CLI::App& app, ExitCode& exit);
void add_inspect(CLI::App& app, ExitCode& exit);
void add_hw(CLI::App& app, ExitCode& exit);

}  // namespace keel::tools
