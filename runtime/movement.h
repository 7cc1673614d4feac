// What operators that only move elements are made of: a list of strided copies from inputs (or from
// one value, for fills) to outputs, and regions of blocked tensors described as such copies.
#pragma once

#include <string>
#include <vector>

#include "runtime/op.h"
#include "runtime/strided.h"

namespace keel {

struct Move {
  static constexpr int kFill = -1;    // reads MoveList::fill instead of an input
  static constexpr int kOutput = -2;  // reads what earlier moves wrote to the same output

  StridedCopy copy;
  int input;
  int output = 0;
};

struct MoveList {
  std::vector<Move> moves;  // carried out in this order
  Tensor fill;              // one element
};

Kernel move_kernel(MoveList list, std::string name);

// Sizes and strides as the elements lie in memory: [N, C/16, spatial..., 16] for Blocked16. One
// axis more than the logical ones, the last; a logical axis k is the stored axis k.
Shape stored_dims(const Shape& dims, Layout layout);

// A region of a blocked tensor: where it begins, and what one step along each logical axis is
// (1, but for strided slices; that of the channels must be 1).
struct BlockedRegion {
  const Shape& tensor;  // logical sizes of the whole tensor
  Shape begin;          // logical
  Shape step;           // logical; {}: all 1
};

// Copies a region of logical size `dims` (channels at axis 1) between two blocked tensors; channels
// may begin in any lane of either. Where both begin at lane 0, whole blocks are copied, so that
// lanes beyond the last channel of the region are written too.
void add_blocked_moves(const Shape& dims, const BlockedRegion& dst, const BlockedRegion& src,
                       Move where, std::vector<Move>& moves);

// Fails with Error(Unsupported) for types packed two to a byte.
void expect_whole_bytes(const InferContext& context, std::size_t input);

}  // namespace keel
