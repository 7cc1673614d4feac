#include "tools/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/interrupt.h"

namespace keel::tools {
namespace {

double bound_of(DataType type, int folds) {
  switch (type) {
    case DataType::Float:
      return std::max(1e-5, folds * 8 * 0x1p-24);
    case DataType::Double:
      return 1e-6;
    case DataType::Float16:
      return 2e-3;
    case DataType::BFloat16:
      return 2e-2;
    default:
      return 0;
  }
}

// Folds one more comparison of the same output into `check`.
void compare(const Tensor& a, const Tensor& b, int folds, OutputCheck& check) {
  check.bound = bound_of(a.type(), folds);
  if (a.type() != b.type() || a.shape() != b.shape()) {
    check.ok = false;
    return;
  }
  if (!is_floating(a.type())) {
    const bool strings = a.type() == DataType::String;
    for (std::int64_t i = 0; strings && i < a.size(); ++i)
      check.ok &= a.data_as<std::string>()[i] == b.data_as<std::string>()[i];
    if (!strings && a.byte_size() > 0)
      check.ok &= std::memcmp(a.data(), b.data(), a.byte_size()) == 0;
    return;
  }
  double worst = 0, largest = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = element_as_double(a, i), y = element_as_double(b, i);
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double difference = std::abs(x - y);
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
  }
  const double nme = worst == 0 ? 0 : largest == 0 ? INFINITY : worst / largest;
  check.max_abs = std::max(check.max_abs, worst);
  check.nme = std::max(check.nme, nme);
  check.ok = check.ok && check.nme <= check.bound;
}

}  // namespace

Options Verifier::unoptimised(Options options) {
  options.opt = OptLevel::None;
  options.precision = Precision::Strict;  // so that only what folding changed differs
  options.dims.clear();
  return options;
}

Verifier::Verifier(const Graph& original, const Options& options, const InputFlags& flags,
                   int count)
    : seed_(flags.seed) {
  const Model model(build_model(original, unoptimised(options)));
  for (int i = 0; i < count; ++i) {
    inputs_.push_back(i == 0 ? flags.tensors(model, true)
                             : flags.random_tensors(model, seed_ + static_cast<std::uint64_t>(i)));
    outputs_.push_back(model.run(inputs_.back(), {}, stoppable(0)));
  }
}

VerifyResult Verifier::check(const Model& folded, int folds) const {
  VerifyResult result;
  result.inputs = static_cast<int>(inputs_.size());
  result.seed = seed_;
  for (const ValueInfo& info : folded.outputs()) {
    OutputCheck check;
    check.name = info.name;
    result.outputs.push_back(check);
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const NamedTensors got = folded.run(inputs_[i], {}, stoppable(0));
    for (OutputCheck& check : result.outputs)
      compare(outputs_[i].at(check.name), got.at(check.name), folds, check);
  }
  for (const OutputCheck& check : result.outputs) result.ok = result.ok && check.ok;
  return result;
}

}  // namespace keel::tools
