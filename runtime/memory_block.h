// Memory for what is large: activations, and the weights of a model.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/keel.h"

namespace keel {

// 64-byte aligned, contents undefined. From 4 MiB on in pages of 2 MiB, where the system gives
// them: touching memory for the first time then takes a third of the time, and a run misses the
// TLB less. Throws Error(ResourceLimit).
std::shared_ptr<std::byte> allocate_block(std::size_t bytes);

// A tensor for weights: small ones share blocks of 4 MiB, so that they lie in large pages
// too. A block is given back with the last tensor in it; weights are made, packed and dropped in
// about the same order, so hardly any memory waits for that. Thread-safe.
Tensor weight_tensor(DataType type, Shape shape);
std::shared_ptr<std::byte> weight_block(std::size_t bytes);

// Whether the bytes are a block of their own, and this tensor is the only one to hold it: then they
// may be overwritten by who owns the tensor.
bool has_own_block(const Tensor& weights);
// Its bytes, or the first of them, as another tensor; pages that this has no use for are given
// back. Needs has_own_block().
Tensor reuse_block(Tensor weights, DataType type, Shape shape);

// While one lives, blocks of weights that are given back are kept for the next that are asked for.
// Reading, folding and packing pass the weights of a model on from one to the other, and to touch
// new memory costs more than to copy into it. What is left over goes back with the last one.
class WeightReuse {
 public:
  WeightReuse();
  ~WeightReuse();
  WeightReuse(const WeightReuse&) = delete;
  WeightReuse& operator=(const WeightReuse&) = delete;
};

}  // namespace keel
