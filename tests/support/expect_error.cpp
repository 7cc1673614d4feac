#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

namespace keel::test {

void expect_error(ErrorCode code, const std::string& fragment, const std::function<void()>& body) {
  try {
    body();
    ADD_FAILURE() << "no error; expected one with '" << fragment << "'";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}

}  // namespace keel::test
