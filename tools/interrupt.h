// SIGINT and SIGTERM end a run at its next chunk of work, with exit code 130 or 143.
#pragma once

#include "runtime/keel.h"

namespace keel::tools {

void catch_interrupts();
// The signal that arrived, 0 for none.
int interrupted();
// Stops a run when a signal has arrived or, for seconds > 0, that much time has passed.
RunOptions stoppable(double seconds);

}  // namespace keel::tools
