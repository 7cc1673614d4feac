// A profile as events of a timeline.
#pragma once

#include "tools/result_stream.h"

namespace keel::tools {

// `profile` is a keel.profile/1. The Trace Event Format, which Perfetto and chrome://tracing read:
// every node once, in the order of the run, one behind the other, for as long as it took on
// average.
Json trace_of_profile(const Json& profile);

}  // namespace keel::tools
