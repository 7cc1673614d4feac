// Sequences whose members are known where the model is read become plain values: the engine itself
// knows tensors only.
#pragma once

#include <vector>

#include "loaders/onnx_reader.h"

namespace keel::loaders {

// Replaces SequenceEmpty, SequenceConstruct, SequenceInsert, SequenceErase, SplitToSequence,
// SequenceAt, SequenceLength and ConcatFromSequence of the main graph where lengths and positions
// are known, and takes them off `unsupported`; the others stay there.
void resolve_sequences(Graph& graph, std::vector<UnsupportedNode>& unsupported);

}  // namespace keel::loaders
