// -i NAME=FILE, --shape, --seed, --range, --mean, --scale, --layout: the tensors a model is run on.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runtime/keel.h"

namespace keel::tools {

struct InputFlags {
  std::vector<std::string> inputs;  // NAME=FILE
  std::vector<std::string> shapes;  // NAME:1,3,224,224
  std::vector<std::string> ranges;  // NAME:0..1
  std::uint64_t seed = 0;
  std::vector<float> mean, scale;
  std::string layout = "nchw";

  void add_to(CLI::App& command);
  // Everything the flags name and, for inputs they do not, random values from `seed`; says so in
  // one line on stderr unless quiet. Throws Error(BadInput) naming the input.
  NamedTensors tensors(const Model& model, bool quiet) const;
  NamedTensors random_tensors(const Model& model, std::uint64_t seed) const;
};

// "1,3,224,224", "1x3x224x224" or "[1,3,224,224]". Throws Error(Usage).
Shape parse_shape(const std::string& text);

}  // namespace keel::tools
