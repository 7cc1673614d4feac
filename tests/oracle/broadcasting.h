// Operators of two tensors.
#pragma once

#include <functional>

#include "tests/oracle/call.h"

namespace keel::oracle {

using RealOp = std::function<double(double, double)>;
using IntegerOp = std::function<std::int64_t(std::int64_t, std::int64_t)>;

// Opset 6: `axis` says which dim of A the first dim of B belongs to; B is padded with trailing
// ones, so that numpy's rule then serves.
Array align(const Node& node, const Array& a, Array b);

// Elementwise, the result of the operands' type.
Array combine(const Array& a, const Array& b, const RealOp& real, const IntegerOp& integer);
// Inputs 0 and 1, aligned.
Array combine(const Call& c, const RealOp& real, const IntegerOp& integer);

}  // namespace keel::oracle
