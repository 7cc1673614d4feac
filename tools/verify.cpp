#include "tools/verify.h"

#include <cmath>
#include <cstring>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/interrupt.h"

namespace keel::tools {
namespace {

double bound_of(DataType type) {
  switch (type) {
    case DataType::Float:
      return 1e-5;
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
void compare(const Tensor& a, const Tensor& b, OutputCheck& check) {
  check.bound = bound_of(a.type());
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

VerifyResult verify(const Graph& original, const Graph& folded, const Options& options,
                    const InputFlags& inputs, int count) {
  Options plain = options;
  plain.opt = OptLevel::None;
  const Model a(build_model(original, plain)), b(build_model(folded, plain));
  VerifyResult result;
  result.inputs = count;
  result.seed = inputs.seed;
  for (const ValueInfo& info : a.outputs()) {
    OutputCheck check;
    check.name = info.name;
    result.outputs.push_back(check);
  }
  for (int i = 0; i < count; ++i) {
    const NamedTensors given =
        i == 0 ? inputs.tensors(a, true)
               : inputs.random_tensors(a, inputs.seed + static_cast<unsigned>(i));
    const NamedTensors x = a.run(given, {}, stoppable(0)), y = b.run(given, {}, stoppable(0));
    for (OutputCheck& check : result.outputs) compare(x.at(check.name), y.at(check.name), check);
  }
  for (const OutputCheck& check : result.outputs) result.ok = result.ok && check.ok;
  return result;
}

}  // namespace keel::tools
