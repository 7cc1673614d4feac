// What a test says of input that must be refused.
#pragma once

#include <functional>
#include <string>

#include "runtime/keel.h"

namespace keel::test {

// Expects an Error of this code whose text holds `fragment`.
void expect_error(ErrorCode code, const std::string& fragment, const std::function<void()>& body);

}  // namespace keel::test
