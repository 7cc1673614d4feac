// Nodes that are activation functions, and those functions in double precision.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "runtime/graph.h"
#include "simd/activation.h"

namespace keel {

// An operator whose result is simd::Activation{kind, alpha, beta} of input 0. alpha and beta name
// the attributes, null where the kind has no such parameter.
struct ActivationOperator {
  std::string_view name;
  int since;  // first opset that has it
  simd::ActivationKind kind;
  const char* alpha = nullptr;
  float alpha_default = 0.0f;
  const char* beta = nullptr;
  float beta_default = 0.0f;
};
const std::vector<ActivationOperator>& activation_operators();

// The function of a node of one of these operators, from its attributes; nullopt for others.
// Throws Error(MalformedModel) for attributes that mean nothing.
std::optional<simd::Activation> activation_of(const Node& node);

// simd/activation.h has the formulas.
double activate(const simd::Activation& activation, double x);

}  // namespace keel
