// keel: runs, folds, measures and describes ONNX models.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "runtime/error.h"
#include "tools/command.h"
#include "tools/interrupt.h"

namespace {

int report(const keel::Error& error) {
  std::fprintf(stderr, "keel: error: %s\n", error.what());
  if (error.code() == keel::ErrorCode::Cancelled && keel::tools::interrupted() != 0)
    return 128 + keel::tools::interrupted();
  return static_cast<int>(error.code());
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  keel::tools::catch_interrupts();
  CLI::App app("Runs ONNX models on CPUs, and folds their batch normalization.", "keel");
  app.set_version_flag("--version", std::string(keel::version()));
  app.require_subcommand(1);
  app.fallthrough();
  keel::tools::ExitCode exit;
  try {
    keel::tools::add_run(app, exit);
    keel::tools::add_fold(app, exit);
    keel::tools::add_bench(app, exit);
    keel::tools::add_profile(app, exit);
    keel::tools::add_inspect(app, exit);
    keel::tools::add_explain(app, exit);
    keel::tools::add_hw(app, exit);
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "keel: error: usage: %s (see keel --help)\n", error.what());
    return static_cast<int>(keel::ErrorCode::Usage);
  } catch (const keel::Error& error) {
    return report(error);
  } catch (const std::bad_alloc&) {
    return report(keel::Error(keel::ErrorCode::ResourceLimit, "out of memory"));
  } catch (const std::exception& error) {
    return report(keel::Error(keel::ErrorCode::Internal, error.what()));
  }
  if (std::fflush(stdout) != 0)
    return report(keel::Error(keel::ErrorCode::Io, "cannot write to standard output"));
  return exit.value;
}
