#include "tools/interrupt.h"

#include <csignal>

namespace keel::tools {
namespace {

volatile std::sig_atomic_t g_signal = 0;

void remember(int signal) {
  g_signal = signal;
  // The second one ends the program the ordinary way.
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

int interrupted() { return g_signal; }

RunOptions stoppable(double seconds) {
  RunOptions options;
  options.stop = [] { return g_signal != 0; };
  if (seconds > 0)
    options.deadline = std::chrono::steady_clock::now() +
                       std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                           std::chrono::duration<double>(seconds));
  return options;
}

}  // namespace keel::tools
