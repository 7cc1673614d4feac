// Small models, each one a pattern of batch normalization that Keel folds, or that it must refuse,
// with what becomes of it. Among them every model that some other folding tool is known to get
// wrong. The program keel_fold_fixtures writes them out, so that other tools can be tried on them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/model_builder.h"

namespace keel::test {

struct ExpectedRecord {
  std::string name, status, code;  // node; "folded", "partial" or "kept"; reason code
};

struct FoldFixture {
  std::string name;   // "conv_transpose_grouped"
  std::string about;  // what it is, and who is known to get it wrong
  ModelBuilder model;
  std::map<std::string, Tensor> inputs;
  std::vector<ExpectedRecord> records;
  int batchnorm_after = 0;  // nodes that are left
  double tolerance = 1e-6;  // NME of folded against unfolded, both in double
  bool runnable = true;     // false: inference cannot run it (training, made-up variances)
  bool foreign = false;     // Keel folds it, but has not the operators to run it
};

// The same list, in the same order and with the same numbers, every time.
const std::vector<FoldFixture>& fold_fixtures();

}  // namespace keel::test
