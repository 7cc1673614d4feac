// The cases of an ONNX backend test folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/compare.h"

namespace keel::conformance {

// One model with the inputs and expected outputs of its data sets:
//   <category>/<name>/model.onnx, test_data_set_N/{input,output}_K.pb
//   light/<name>.onnx, <name>_output_K.pb: the input counts up, i / n for element i of n
struct Case {
  std::string category, name;
  std::filesystem::path model;
  std::vector<std::filesystem::path> data_sets;  // empty: light
  test::Tolerance tolerance;

  std::string id() const { return category + "/" + name; }
};

extern const std::vector<std::string> kCategories;

// Sorted by id. A category that the root lacks has no cases.
std::vector<Case> find_cases(const std::filesystem::path& root);

// What a case feeds and expects.
struct DataSet {
  std::vector<Tensor> inputs, outputs;
};
struct Outline;
std::vector<DataSet> load_data_sets(const Case& c, const Outline& outline);

}  // namespace keel::conformance
