// The shortest form of an affine map as nodes of a standard model.
#pragma once

#include "runtime/folding/chain.h"
#include "runtime/folding/weights.h"

namespace keel::folding {

// How many nodes add_map() would add.
std::size_t nodes_of(const Affine& map, bool batchnorm);

// Adds nodes that give output = map(input), both of type `type`, named `name`: one
// BatchNormalization, or Mul and Add. OVERFLOW where the map does not fit the type.
Refusal add_map(Work& work, const std::string& name, int version, const Affine& map, bool batchnorm,
                const TensorType& type, ValueId input, ValueId output);

}  // namespace keel::folding
