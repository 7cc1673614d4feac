// One tensor from a file or folder, made to fit an input of a model.
#pragma once

#include <string>
#include <vector>

#include "runtime/keel.h"

namespace keel::tools {

// How images become tensors: (pixel - mean) * scale per channel. Empty scale: 1/255; empty mean: 0.
struct ImageFlags {
  std::vector<float> mean, scale;
  bool nhwc = false;
};

// .npy, .pb and .raw as they are; .npz with one array or one of the input's name; images resized to
// the height and width the model declares, one a batch; a folder of images as one batch, in the
// order of their names. Throws Error(Io) or Error(BadInput) naming the file.
Tensor read_input_file(const std::string& path, const ValueInfo& input, const ImageFlags& flags);

}  // namespace keel::tools
