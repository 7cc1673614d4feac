// What loading gives, for tables of good and bad models.
#pragma once

#include <ostream>
#include <string>

#include "loaders/onnx_reader.h"

namespace keel::test {

struct Outcome {
  int code = 0;  // 0: loaded
  std::string message;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << outcome.code << " " << outcome.message;
}

template <typename Body>
Outcome outcome_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what()};
  }
  return {};
}

inline Outcome load_bytes(const std::string& bytes, const Options& options = {}) {
  return outcome_of([&] { read_model(bytes.data(), bytes.size(), options); });
}

inline Outcome load_path(const std::string& path, const Options& options = {}) {
  return outcome_of([&] { read_model(path, options); });
}

// One line, naming the stage.
inline bool is_one_line(const Outcome& outcome) {
  for (const char c : outcome.message)
    if (static_cast<unsigned char>(c) < 0x20) return false;
  return outcome.message.rfind("load: ", 0) == 0;
}

}  // namespace keel::test
